//! The fields of an operation that a caller may not read although his mode may: by the policies of an IAM principal, or by the
//! `deniedFields` of a Lambda authorizer. Looked up once for each field of the plan, not for each value.

use crate::auth::{FieldAccess, Identity, field_access};
use crate::execution::plan::{Plan, PlanField, PlanType};

/// By [`PlanField::index`]; `None` when there is none. `api_arn` is what policies call this API.
#[must_use]
pub fn denied_fields(plan: &Plan, identity: &Identity, api_arn: &str) -> Option<Vec<bool>> {
    match identity {
        Identity::ApiKey | Identity::Oidc(_) | Identity::UserPool(_) | Identity::Named { .. } => None,
        Identity::Iam(principal) => {
            Some(collect(plan, &|field, is_root| match field_access(principal, api_arn, &field.parent_type, &field.name) {
                FieldAccess::Allowed => false,
                FieldAccess::NotMentioned => is_root,
                FieldAccess::Denied => true,
            }))
        }
        Identity::Lambda(answer) if !answer.denies_something() => None,
        Identity::Lambda(answer) => Some(collect(plan, &|field, _| answer.denies(&field.parent_type, &field.name))),
    }
}

/// Whether every root field is denied. `__typename` and introspection are nobody's.
pub(super) fn whole_operation(plan: &Plan, denied: &[bool]) -> bool {
    let mut fields = plan.root.iter().filter(|field| !is_meta(field)).peekable();
    fields.peek().is_some() && fields.all(|field| denied[field.index])
}

/// `__typename`, `__schema` and `__type` are no fields of the schema.
fn is_meta(field: &PlanField) -> bool {
    field.name.starts_with("__")
}

fn collect(plan: &Plan, is_denied: &dyn Fn(&PlanField, bool) -> bool) -> Vec<bool> {
    let mut denied = vec![false; plan.field_count];
    for field in &plan.root {
        mark(field, true, is_denied, &mut denied);
    }
    denied
}

/// Plans are as deep as documents may be nested.
fn mark(field: &PlanField, is_root: bool, is_denied: &dyn Fn(&PlanField, bool) -> bool, denied: &mut [bool]) {
    denied[field.index] = !is_meta(field) && is_denied(field, is_root);
    below(&field.ty, &mut |child| mark(child, false, is_denied, denied));
}

fn below<'p>(ty: &'p PlanType, each: &mut dyn FnMut(&'p PlanField)) {
    match ty {
        PlanType::NonNull(inner) | PlanType::List(inner) => below(inner, each),
        PlanType::Object(_, fields) => fields.iter().for_each(each),
        PlanType::Abstract(selection) => selection.by_type.values().flatten().for_each(each),
        PlanType::Scalar(..) | PlanType::Enum(_) => {}
    }
}
