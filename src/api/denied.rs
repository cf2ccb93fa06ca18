//! The fields of an operation that a caller may not read although his mode may: by the policies of an IAM principal, or by the
//! `deniedFields` of a Lambda authorizer. Looked up once for each field of the plan, not for each value, and for principals once.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::auth::{FieldAccess, Identity, Principal, field_access};
use crate::execution::plan::{Plan, PlanField, PlanType};

/// How many bytes of decisions are kept.
const CAPACITY: u64 = 8 << 20;

/// What the policies of principals say of plans: walking them for every request would cost more than the rest of it.
pub(super) struct DeniedMemo(moka::sync::Cache<(usize, usize), Decided, hashbrown::DefaultHashBuilder>);

/// A decision, and of whom it is. As long as it is kept nothing else can have the addresses that it is found by.
#[derive(Clone)]
struct Decided {
    denied: Arc<[bool]>,
    _of: (Weak<Plan>, Weak<Principal>),
}

impl Default for DeniedMemo {
    fn default() -> Self {
        let weigher = |_: &_, decided: &Decided| u32::try_from(decided.denied.len() + 128).unwrap_or(u32::MAX);
        let builder = moka::sync::Cache::builder().max_capacity(CAPACITY).weigher(weigher);
        Self(builder.build_with_hasher(hashbrown::DefaultHashBuilder::default()))
    }
}

impl fmt::Debug for DeniedMemo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeniedMemo").field("entries", &self.0.entry_count()).finish()
    }
}

impl DeniedMemo {
    /// [`denied_fields`], remembered for principals.
    pub(super) fn denied_fields(&self, plan: &Arc<Plan>, identity: &Identity, api_arn: &str) -> Option<Arc<[bool]>> {
        let Identity::Iam(principal) = identity else { return denied_fields(plan, identity, api_arn).map(Into::into) };
        let key = (Arc::as_ptr(plan).addr(), Arc::as_ptr(principal).addr());
        if let Some(decided) = self.0.get(&key) {
            return Some(decided.denied);
        }
        let denied: Arc<[bool]> = denied_fields(plan, identity, api_arn)?.into();
        let of = (Arc::downgrade(plan), Arc::downgrade(principal));
        self.0.insert(key, Decided { denied: Arc::clone(&denied), _of: of });
        Some(denied)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::CognitoIdentity;

    const ARN: &str = "arn:aws:appsync:eu-west-1:1:apis/x";

    fn principal(allows: &str) -> Identity {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"appsync:GraphQL","Resource":"arn:aws:appsync:eu-west-1:1:apis/x/types/Query/fields/{allows}"}}]}}"#
        );
        Identity::Iam(Arc::new(Principal {
            name: "someone".into(),
            access_key_id: "AKIA".into(),
            secret_access_key: "secret".into(),
            session_token: None,
            policies: vec![iam_policy::Policy::read(&value::Value::parse(policy.as_bytes()).expect("JSON")).expect("a policy")],
            account_id: "1".into(),
            user_arn: "arn".into(),
            username: "someone".into(),
            cognito: CognitoIdentity::default(),
        }))
    }

    #[test]
    fn a_decision_is_remembered_for_its_plan_and_its_principal_alone() {
        let plan = |document: &str| {
            let schema = "type Query { a: Int b: Int }";
            crate::api::tests::plan(schema, document)
        };
        let memo = DeniedMemo::default();
        let (both, one) = (plan("{ a b }"), plan("{ b }"));
        for _ in 0..2 {
            for (plan, identity, expected) in [
                (&both, principal("a"), &[false, true][..]),
                (&both, principal("b"), &[true, false]),
                (&one, principal("a"), &[true]),
                (&one, principal("*"), &[false]),
            ] {
                for _ in 0..2 {
                    assert_eq!(memo.denied_fields(plan, &identity, ARN).as_deref(), Some(expected));
                }
            }
        }
        assert_eq!(memo.denied_fields(&both, &Identity::ApiKey, ARN), None);
    }
}
