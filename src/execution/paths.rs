//! Where the results of phase A stand in the answer. Phase A works without paths, so whoever wants them walks again, as phase B
//! does; that costs nothing where nobody asks.

use value::{NULL, Value};

use super::executor::{Request, Results, is_read};
use super::plan::{FieldSource, Plan, PlanField, PlanType, type_name_of};

/// A result of a resolver, and its place.
pub struct Found<'a> {
    /// The field.
    pub field: &'a PlanField,
    /// Which of the field's parents: the place in `FieldCall::parents`.
    pub parent: usize,
    /// The way from the root of the answer: response keys and places in lists.
    pub path: &'a [Value],
}

/// Gives every result of a resolver to `found`, in the order of the answer: a field before the fields below it.
pub fn each_result(plan: &Plan, request: &Request<'_>, results: &Results, found: &mut dyn FnMut(&Found<'_>)) {
    let mut walk = Walk { request, results, cursors: vec![0; plan.field_count], path: Vec::new(), found };
    walk.object(&plan.root, &NULL);
}

struct Walk<'a, 'f> {
    request: &'a Request<'a>,
    results: &'a Results,
    /// The next result of each field.
    cursors: Vec<usize>,
    path: Vec<Value>,
    found: &'f mut dyn FnMut(&Found<'_>),
}

impl<'a> Walk<'a, '_> {
    fn object(&mut self, fields: &'a [PlanField], parent: &'a Value) {
        for field in fields.iter().filter(|field| is_read(field, self.request)) {
            let is_resolved = matches!(field.source, FieldSource::Resolver(_));
            if !is_resolved && !field.resolvers_below {
                continue;
            }
            self.path.push((&field.response_key).into());
            if is_resolved {
                let at = self.cursors[field.index];
                self.cursors[field.index] += 1;
                let results = self.results;
                if let Some(resolved) = results.fields[field.index].get().and_then(|results| results.get(at)) {
                    (self.found)(&Found { field, parent: at, path: &self.path });
                    self.value(&field.ty, &resolved.value);
                }
            } else {
                self.value(&field.ty, parent.get(&field.name).unwrap_or(&NULL));
            }
            self.path.pop();
        }
    }

    fn value(&mut self, ty: &'a PlanType, value: &'a Value) {
        match (ty, value) {
            (_, Value::Null) | (PlanType::Scalar(..) | PlanType::Enum(_), _) => {}
            (PlanType::NonNull(inner), value) => self.value(inner, value),
            (PlanType::List(item), Value::List(items)) => {
                for (at, value) in items.iter().enumerate() {
                    self.path.push(at.into());
                    self.value(item, value);
                    self.path.pop();
                }
            }
            (PlanType::List(_), _) => {}
            (PlanType::Object(_, fields), value) => self.object(fields, value),
            (PlanType::Abstract(selection), value) => {
                if let Some(fields) = type_name_of(value).and_then(|name| selection.by_type.get(name)) {
                    self.object(fields, value);
                }
            }
        }
    }
}
