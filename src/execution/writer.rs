//! Phase B: one walk over plan and values that writes the answer's bytes.
//!
//! Default fields are read from their parent in place. Null propagation (GraphQL specification §6.4.4) is truncation: every
//! value remembers where its bytes began, and the nearest nullable ancestor of a violation goes back there and writes `null`.
//! The walk goes on after a violation, so that every error is reported, as AppSync does, and results stay with their parents.

use std::sync::Arc;

use value::{NULL, Value};

use super::error::{FieldError, Segment, display_path, write_completion_error, write_field_error};
use super::executor::{Request, Resolved, Results, is_read, not_read};
use super::plan::{AbstractSelection, EnumType, FieldSource, IntrospectionField, Plan, PlanField, PlanType, type_name_of};
use crate::schema::{Scalar, TypeSystem, introspection};

/// Runs phase B: the whole response body.
///
/// # Errors
/// [`TooLarge`] when the answer is larger than `limit` bytes.
pub fn write(
    type_system: &TypeSystem,
    plan: &Plan,
    request: &Request<'_>,
    results: &Results,
    extra_errors: &[FieldError],
    limit: usize,
) -> Result<Vec<u8>, TooLarge> {
    write_below(type_system, plan, request, (&NULL, results), extra_errors, limit)
}

/// The same for root fields that are read from a value of their own, `root`.
pub(super) fn write_below(
    type_system: &TypeSystem,
    plan: &Plan,
    request: &Request<'_>,
    (root, results): (&Value, &Results),
    extra_errors: &[FieldError],
    limit: usize,
) -> Result<Vec<u8>, TooLarge> {
    let mut writer = Writer {
        type_system,
        request,
        results,
        cursors: vec![0; plan.field_count],
        hints: vec![0; plan.field_count],
        path: Vec::with_capacity(16),
        out: Vec::with_capacity(1024),
        errors: Vec::new(),
        beyond: 0,
        limit,
    };
    writer.out.extend_from_slice(br#"{"data":"#);
    let start = writer.out.len();
    let violated = writer.object(&plan.root, root)?;
    if violated.is_err() {
        writer.out.truncate(start);
        writer.out.extend_from_slice(b"null");
    }
    for error in extra_errors {
        writer.begin_error();
        let position = super::ast::Position { line: 1, column: 1 };
        writer.beyond += write_field_error(&[], position, (error, request.details), &error.data, &mut writer.errors);
    }
    let limit = limit + writer.beyond;
    let mut out = writer.out;
    if !writer.errors.is_empty() {
        out.extend_from_slice(br#","errors":["#);
        out.append(&mut writer.errors);
        out.push(b']');
    }
    out.push(b'}');
    if out.len() > limit { Err(TooLarge) } else { Ok(out) }
}

/// The answer is larger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// A null where the type forbids one; the nearest nullable ancestor becomes null.
struct Violation;

type Completed = Result<Result<(), Violation>, TooLarge>;

struct Writer<'a> {
    type_system: &'a TypeSystem,
    request: &'a Request<'a>,
    results: &'a Results,
    /// The next result of each field.
    cursors: Vec<usize>,
    /// Where each field's property was found in the last parent.
    hints: Vec<usize>,
    path: Vec<Segment<'a>>,
    out: Vec<u8>,
    /// The members of `errors`, already written.
    errors: Vec<u8>,
    /// Bytes of these that do not count: what AppSync does not say of errors.
    beyond: usize,
    limit: usize,
}

impl<'a> Writer<'a> {
    /// Looked at after every field and item: one text can be megabytes, and be asked for under thousands of aliases.
    fn bound(&self) -> Result<(), TooLarge> {
        if self.out.len() + self.errors.len() > self.limit + self.beyond { Err(TooLarge) } else { Ok(()) }
    }

    fn object(&mut self, fields: &'a [PlanField], parent: &Value) -> Completed {
        self.out.push(b'{');
        let mut violated = Ok(());
        let mut separator = false;
        for field in fields {
            if !self.request.holds(field.condition) {
                continue;
            }
            if separator {
                self.out.push(b',');
            }
            separator = true;
            self.out.extend_from_slice(&field.key_bytes);
            self.path.push(Segment::Key(&field.response_key));
            if self.field(field, parent)?.is_err() {
                violated = Err(Violation);
            }
            self.path.pop();
            self.bound()?;
        }
        self.out.push(b'}');
        Ok(violated)
    }

    fn field(&mut self, field: &'a PlanField, parent: &Value) -> Completed {
        if !is_read(field, self.request) {
            let error = not_read(field);
            self.resolver_error(field, &error);
            return self.null_or_violation(&field.ty);
        }
        match &field.source {
            FieldSource::Property => {
                let value = match parent {
                    Value::Object(object) => object.get_near(&field.name, &mut self.hints[field.index]).unwrap_or(&NULL),
                    _ => &NULL,
                };
                self.value(field, &field.ty, value, true)
            }
            FieldSource::Resolver(_) => {
                let results = self.results;
                let at = self.cursors[field.index];
                self.cursors[field.index] += 1;
                let Some(resolved) = results.fields[field.index].get().and_then(|results| results.get(at)) else {
                    let error = if results.limit_reached {
                        FieldError::new(
                            "ResolverExecutionLimitReached",
                            format!(
                                "Resolver invocation limit reached: one request runs at most {}.",
                                self.request.resolver_limit
                            ),
                        )
                    } else {
                        FieldError::new("InternalFailure", "The field was not resolved.")
                    };
                    self.resolver_error(field, &error);
                    return self.null_or_violation(&field.ty);
                };
                self.resolved(field, resolved)
            }
            FieldSource::TypeName(name) => {
                self.out.extend_from_slice(name);
                Ok(Ok(()))
            }
            FieldSource::Introspection(introspected) => {
                match &**introspected {
                    IntrospectionField::Constant(json) => self.out.extend_from_slice(json),
                    IntrospectionField::Variable { field: asked, document, definitions } => {
                        match introspection::execute(self.type_system, &[asked], document, definitions, self.request.variables) {
                            Ok(answer) => answer.get(&field.response_key).unwrap_or(&NULL).write_json(&mut self.out),
                            Err(fault) => {
                                self.resolver_error(field, &FieldError::new("BadRequestException", fault.to_string()));
                                self.out.extend_from_slice(b"null");
                            }
                        }
                    }
                }
                Ok(Ok(()))
            }
        }
    }

    fn resolved(&mut self, field: &'a PlanField, resolved: &Resolved) -> Completed {
        for error in &resolved.errors {
            self.resolver_error(field, error);
        }
        // graphql-java keeps one error per path: a field that failed is not also reported as a null.
        self.value(field, &field.ty, &resolved.value, resolved.errors.is_empty())
    }

    /// Writes `null` for a field that has its error already.
    fn null_or_violation(&mut self, ty: &PlanType) -> Completed {
        if matches!(ty, PlanType::NonNull(_)) {
            return Ok(Err(Violation));
        }
        self.out.extend_from_slice(b"null");
        Ok(Ok(()))
    }

    /// Completes one value (GraphQL specification §6.4.3).
    fn value(&mut self, field: &'a PlanField, ty: &'a PlanType, value: &Value, report_null: bool) -> Completed {
        let PlanType::NonNull(inner) = ty else {
            if value.is_null() {
                self.out.extend_from_slice(b"null");
                return Ok(Ok(()));
            }
            let start = self.out.len();
            if self.present(field, ty, value)?.is_err() {
                self.out.truncate(start);
                self.out.extend_from_slice(b"null");
            }
            return Ok(Ok(()));
        };
        if value.is_null() {
            if report_null {
                self.null_error(field, inner);
            }
            return Ok(Err(Violation));
        }
        self.present(field, inner, value)
    }

    /// Completes a value that is not null, as a type that is not non-null.
    fn present(&mut self, field: &'a PlanField, ty: &'a PlanType, value: &Value) -> Completed {
        match ty {
            PlanType::NonNull(inner) => self.present(field, inner, value),
            PlanType::Scalar(scalar, _) => Ok(self.scalar(*scalar, value)),
            PlanType::Enum(definition) => Ok(self.enumeration(definition, value)),
            PlanType::List(item) => match value {
                Value::List(items) => self.list(field, item, items),
                _ => {
                    let message =
                        format!("Can't resolve value ({}) : type mismatch error, expected type LIST", display_path(&self.path));
                    self.completion_error(&message);
                    Ok(Err(Violation))
                }
            },
            PlanType::Object(_, fields) => self.object(fields, value),
            PlanType::Abstract(selection) => self.abstract_value(selection, value),
        }
    }

    fn list(&mut self, field: &'a PlanField, item: &'a PlanType, items: &[Value]) -> Completed {
        self.out.push(b'[');
        let mut violated = Ok(());
        for (at, value) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            self.path.push(Segment::Index(at));
            if self.value(field, item, value, true)?.is_err() {
                violated = Err(Violation);
            }
            self.path.pop();
            self.bound()?;
        }
        self.out.push(b']');
        Ok(violated)
    }

    fn abstract_value(&mut self, selection: &'a AbstractSelection, value: &Value) -> Completed {
        if let Some(fields) = type_name_of(value).and_then(|name| selection.by_type.get(name)) {
            return self.object(fields, value);
        }
        let message = format!(
            "Can't resolve '{}'. Abstract type '{name}' must resolve to an Object type at runtime for field '{}'. \
             Could not determine the exact type of '{name}'",
            display_path(&self.path),
            selection.coordinate,
            name = selection.name,
        );
        self.completion_error(&message);
        Ok(Err(Violation))
    }

    #[inline]
    fn scalar(&mut self, scalar: Scalar, value: &Value) -> Result<(), Violation> {
        let start = self.out.len();
        match scalar.serialize(value, &mut self.out) {
            Ok(()) => Ok(()),
            Err(fault) => {
                self.out.truncate(start);
                let message = format!("Can't serialize value ({}) : {fault}", display_path(&self.path));
                self.completion_error(&message);
                Err(Violation)
            }
        }
    }

    fn enumeration(&mut self, definition: &EnumType, value: &Value) -> Result<(), Violation> {
        if let Value::String(name) = value
            && definition.values.contains(name)
        {
            // A name needs no escapes (GraphQL specification §2.1.9).
            self.out.push(b'"');
            self.out.extend_from_slice(name.as_bytes());
            self.out.push(b'"');
            return Ok(());
        }
        let shown = value.as_str().map_or_else(|| value.to_json(), str::to_owned);
        let message = format!(
            "Can't serialize value ({}) : Invalid input for Enum '{}'. Unknown value '{shown}'",
            display_path(&self.path),
            definition.name
        );
        self.completion_error(&message);
        Err(Violation)
    }

    fn null_error(&mut self, field: &PlanField, ty: &PlanType) {
        let path = display_path(&self.path);
        let message = match self.path.last() {
            Some(Segment::Index(_)) => format!("Cannot return null for non-nullable type: '{}' ({path})", ty.display()),
            _ => format!(
                "Cannot return null for non-nullable type: '{}' within parent '{}' ({path})",
                ty.display(),
                field.parent_type
            ),
        };
        self.completion_error(&message);
    }

    fn completion_error(&mut self, message: &str) {
        self.begin_error();
        write_completion_error(&self.path, message, &mut self.errors);
    }

    fn resolver_error(&mut self, field: &PlanField, error: &FieldError) {
        let data = project(&error.data, &field.ty, self.request);
        self.begin_error();
        self.beyond += write_field_error(&self.path, field.position, (error, self.request.details), &data, &mut self.errors);
    }

    fn begin_error(&mut self) {
        if !self.errors.is_empty() {
            self.errors.push(b',');
        }
    }
}

/// An error's `data`, cut to what the client selected (developer guide, `util.error`). Data of another shape than the
/// field's has nothing to be cut by and is not shown; nor is
/// what the caller may not read, or a condition leaves out of the answer.
fn project(data: &Value, ty: &PlanType, request: &Request<'_>) -> Value {
    match (data, ty) {
        (Value::Null, _) => Value::Null,
        (_, PlanType::Scalar(..) | PlanType::Enum(_)) => data.clone(),
        (_, PlanType::NonNull(inner)) => project(data, inner, request),
        (Value::List(items), PlanType::List(item)) => items.iter().map(|value| project(value, item, request)).collect(),
        (_, PlanType::List(item)) => project(data, item, request),
        (Value::Object(object), PlanType::Object(..) | PlanType::Abstract(_)) => {
            let Some(fields) = ty.selection(type_name_of(data)) else { return Value::Null };
            let mut selected = value::Object::new();
            for field in fields.iter().filter(|field| is_read(field, request)) {
                let value = match &field.source {
                    FieldSource::TypeName(_) => Value::from(&field.parent_type),
                    _ => match object.get(&field.name) {
                        Some(value) => project(value, &field.ty, request),
                        None => continue,
                    },
                };
                selected.insert(Arc::clone(&field.response_key), value);
            }
            selected.into()
        }
        (_, PlanType::Object(..) | PlanType::Abstract(_)) => Value::Null,
    }
}
