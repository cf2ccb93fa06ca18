//! Document to plan: fragments inlined and fields merged for every concrete type (GraphQL specification §6.3.2), once.
//!
//! The document has been validated. Work is bounded: fragments that double themselves and selections on large unions could
//! otherwise grow a small document into millions of fields.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use value::{Object, Value, write_json_string};

use super::ast::{Directive, Document, Field, Literal, Operation, Selection};
use super::coercion::{compile_arguments, root_type};
use super::error::RequestError;
use super::plan::{
    AbstractSelection, Condition, Conjunction, EnumType, FieldSource, IntrospectionField, ModeMask, Plan, PlanField, PlanType,
    ResolvedField, ResolverId,
};
use crate::schema::type_system::{FieldDefinition, TypeId, TypeKind, TypeRef};
use crate::schema::{TypeSystem, introspection};

/// The most fields a plan may have.
pub const MAX_PLAN_FIELDS: usize = 50_000;

/// The most selections that are looked at while a plan is made.
const MAX_VISITS: usize = 1_000_000;

/// What the planner must know of the API beside its types.
pub trait Wiring {
    /// The resolver attached to a field.
    fn resolver(&self, type_name: &str, field_name: &str) -> Option<ResolverId>;
    /// The modes that may read a field.
    fn modes(&self, type_id: TypeId, field: &FieldDefinition) -> ModeMask;
    /// The deepest level that is answered; `None` is no limit. A root field is level 1.
    fn query_depth_limit(&self) -> Option<u32>;
}

/// Compiles one operation of a validated document.
///
/// # Errors
/// A [`RequestError`] when the operation has no root type or is larger than [`MAX_PLAN_FIELDS`].
pub fn plan(
    type_system: &TypeSystem,
    wiring: &dyn Wiring,
    document: &Document,
    operation: &Operation,
) -> Result<Plan, RequestError> {
    let root_type = root_type(type_system, operation)?;
    let mut planner = Planner { type_system, wiring, document, operation, fields: 0, visits: 0, weight: 0 };
    let root = planner.selection(root_type, &[Occurrence { selections: &operation.selection_set, condition: Vec::new() }], 1)?;
    Ok(Plan {
        kind: operation.kind,
        variables: operation.variables.clone(),
        root,
        field_count: planner.fields,
        weight: planner.weight + size_of::<Plan>(),
    })
}

struct Planner<'a> {
    type_system: &'a TypeSystem,
    wiring: &'a dyn Wiring,
    document: &'a Document,
    operation: &'a Operation,
    fields: usize,
    visits: usize,
    weight: usize,
}

/// A selection set that contributes to a merged one, and when.
#[derive(Clone)]
struct Occurrence<'a> {
    selections: &'a [Selection],
    condition: Conjunction,
}

/// The occurrences of a response key that are merged when the first of them is the first one included.
struct Group<'a> {
    first: &'a Field,
    condition: Option<Condition>,
    /// Each with the condition that remains, given that the first is included.
    occurrences: Vec<(&'a Field, Conjunction)>,
}

impl<'a> Planner<'a> {
    /// The merged fields of some selection sets on the object type `object`.
    fn selection(&mut self, object: TypeId, sets: &[Occurrence<'a>], level: u32) -> Result<Vec<PlanField>, RequestError> {
        let mut found = Vec::new();
        for set in sets {
            // A fragment that was already collected under the set's own condition adds nothing the second time.
            let mut collected = IndexSet::new();
            self.collect(object, set.selections, &set.condition, &set.condition, &mut found, &mut collected, 0)?;
        }
        groups(found).iter().map(|group| self.field(object, group, level)).collect()
    }

    fn collect(
        &mut self,
        object: TypeId,
        selections: &'a [Selection],
        base: &Conjunction,
        condition: &Conjunction,
        found: &mut Vec<(&'a Field, Conjunction)>,
        collected: &mut IndexSet<&'a str>,
        depth: usize,
    ) -> Result<(), RequestError> {
        // Validation refuses fragment cycles; the bound keeps the stack safe all the same.
        if depth > value::MAX_DEPTH {
            return Err(RequestError::new("Fragments are nested deeper than 200 levels.", None));
        }
        for selection in selections {
            self.visits += 1;
            if self.visits > MAX_VISITS {
                return Err(too_large());
            }
            match selection {
                Selection::Field(field) => {
                    let Some(condition) = and(condition, &field.directives) else { continue };
                    found.push((field, condition));
                }
                Selection::InlineFragment(fragment) => {
                    let Some(condition) = and(condition, &fragment.directives) else { continue };
                    if fragment.type_condition.as_ref().is_none_or(|name| self.applies(name, object)) {
                        self.collect(object, &fragment.selection_set, base, &condition, found, collected, depth + 1)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let Some(condition) = and(condition, &spread.directives) else { continue };
                    if collected.contains(&*spread.name) {
                        continue;
                    }
                    let Some(fragment) = self.document.fragment(&spread.name) else { continue };
                    if condition == *base {
                        collected.insert(&spread.name);
                    }
                    if self.applies(&fragment.type_condition, object) {
                        self.collect(object, &fragment.selection_set, base, &condition, found, collected, depth + 1)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a fragment on `condition` applies to values of `object`.
    fn applies(&self, condition: &str, object: TypeId) -> bool {
        let Some((id, _)) = self.type_system.by_name(condition) else { return false };
        id == object || self.type_system.possible_types(id).contains(&object)
    }

    fn field(&mut self, object: TypeId, group: &Group<'a>, level: u32) -> Result<PlanField, RequestError> {
        if self.fields >= MAX_PLAN_FIELDS {
            return Err(too_large());
        }
        let index = self.fields;
        self.fields += 1;
        let first = group.first;
        let parent_type = Arc::clone(&self.type_system.get(object).name);
        let response_key = first.response_key();
        let mut key_bytes = Vec::with_capacity(response_key.len() + 3);
        write_json_string(response_key, &mut key_bytes);
        key_bytes.push(b':');
        self.weight += size_of::<PlanField>() + key_bytes.len() * 2 + first.name.len();
        let too_deep = self.wiring.query_depth_limit().is_some_and(|limit| level > limit);

        let mut plan_field = PlanField {
            index,
            response_key: Arc::clone(response_key),
            key_bytes: key_bytes.into(),
            name: Arc::clone(&first.name),
            parent_type: Arc::clone(&parent_type),
            position: first.position,
            ty: PlanType::Scalar(crate::schema::Scalar::String, "String".into()),
            source: FieldSource::Property,
            resolvers_below: false,
            condition: group.condition.clone(),
            modes: ModeMask::MAX,
            too_deep,
        };
        match &*first.name {
            "__typename" => {
                let mut name = Vec::new();
                write_json_string(&parent_type, &mut name);
                plan_field.source = FieldSource::TypeName(name.into());
                plan_field.too_deep = false;
                return Ok(plan_field);
            }
            "__schema" | "__type" if object == self.type_system.query => {
                let mut merged = first.clone();
                merged.directives.clear();
                for (other, _) in group.occurrences.iter().skip(1) {
                    merged.selection_set.extend(other.selection_set.iter().cloned());
                }
                plan_field.source = FieldSource::Introspection(Box::new(self.introspection(merged)?));
                plan_field.too_deep = false;
                return Ok(plan_field);
            }
            _ => {}
        }

        let Some(definition) = self.type_system.field(object, &first.name) else {
            return Err(RequestError::new(
                format!("Field '{}' in type '{parent_type}' is undefined", first.name),
                Some(first.position),
            ));
        };
        plan_field.modes = self.wiring.modes(object, definition);
        let below: Vec<Occurrence<'a>> = group
            .occurrences
            .iter()
            .map(|(field, condition)| Occurrence { selections: &field.selection_set, condition: condition.clone() })
            .collect();
        let coordinate = || format!("{parent_type}.{}", first.name);
        plan_field.ty = self.ty(&definition.ty, &below, level, &coordinate)?;
        plan_field.resolvers_below = has_resolvers(&plan_field.ty);
        if let Some(resolver) = self.wiring.resolver(&parent_type, &first.name)
            && !too_deep
        {
            plan_field.source = FieldSource::Resolver(Box::new(self.resolved(resolver, definition, group, object)?));
        }
        Ok(plan_field)
    }

    /// Answers `__schema` or `__type` now, unless the answer depends on the request's variables.
    fn introspection(&mut self, field: Field) -> Result<IntrospectionField, RequestError> {
        if introspection::depends_on_variables(&[&field], self.document) {
            let document = Document { operations: Vec::new(), ..self.document.clone() };
            self.weight += 16 * 1024;
            return Ok(IntrospectionField::Variable { field, document, definitions: self.operation.variables.clone() });
        }
        let answer = introspection::execute(self.type_system, &[&field], self.document, &[], &Object::new())
            .map_err(|fault| RequestError::new(fault.to_string(), Some(field.position)))?;
        let mut json = Vec::new();
        answer.get(field.response_key()).unwrap_or(&value::NULL).write_json(&mut json);
        self.weight += json.len();
        Ok(IntrospectionField::Constant(json.into()))
    }

    fn resolved(
        &mut self,
        resolver: ResolverId,
        definition: &'a FieldDefinition,
        group: &Group<'a>,
        _object: TypeId,
    ) -> Result<ResolvedField, RequestError> {
        let arguments = compile_arguments(self.type_system, &definition.arguments, &group.first.arguments);
        let constant_arguments = arguments
            .iter()
            .map(|(name, template)| template.as_constant().map(|value| (Arc::clone(name), value)))
            .collect::<Option<Object>>()
            .map(Arc::new);
        let return_type = definition.ty.named();
        let selections: Vec<Selection> =
            group.occurrences.iter().flat_map(|(field, _)| field.selection_set.iter().cloned()).collect();
        let mut list = IndexSet::new();
        self.selection_set_list(return_type, &group.occurrences, "", &mut list, 0)?;
        self.weight +=
            size_of::<ResolvedField>() + list.iter().map(|path| path.len() + 32).sum::<usize>() + selections.len() * 200;
        Ok(ResolvedField {
            resolver,
            arguments,
            constant_arguments,
            selection_set_list: list.into_iter().map(Value::from).collect(),
            selections,
            return_type: Arc::clone(&self.type_system.get(return_type).name),
        })
    }

    fn ty(
        &mut self,
        reference: &TypeRef,
        below: &[Occurrence<'a>],
        level: u32,
        coordinate: &dyn Fn() -> String,
    ) -> Result<PlanType, RequestError> {
        Ok(match reference {
            TypeRef::NonNull(inner) => PlanType::NonNull(Box::new(self.ty(inner, below, level, coordinate)?)),
            TypeRef::List(item) => PlanType::List(Box::new(self.ty(item, below, level, coordinate)?)),
            TypeRef::Named(id) => {
                let definition = self.type_system.get(*id);
                let name = Arc::clone(&definition.name);
                match &definition.kind {
                    TypeKind::Scalar(scalar) => PlanType::Scalar(*scalar, name),
                    TypeKind::Enum(values) => {
                        PlanType::Enum(Arc::new(EnumType { name, values: values.keys().cloned().collect() }))
                    }
                    TypeKind::Object(_) => PlanType::Object(name, self.selection(*id, below, level + 1)?),
                    TypeKind::Interface { possible_types, .. } | TypeKind::Union { possible_types } => {
                        let mut by_type = IndexMap::with_capacity(possible_types.len());
                        for object in possible_types {
                            let fields = self.selection(*object, below, level + 1)?;
                            by_type.insert(Arc::clone(&self.type_system.get(*object).name), fields);
                        }
                        PlanType::Abstract(Box::new(AbstractSelection { type_id: *id, name, coordinate: coordinate(), by_type }))
                    }
                    TypeKind::InputObject { .. } => {
                        let message = format!("{} has the input type {name}, which cannot be answered.", coordinate());
                        return Err(RequestError::new(message, None));
                    }
                }
            }
        })
    }

    /// `ctx.info.selectionSetList`: every path below a field, aliases instead of names (developer guide, context reference).
    /// Fragments count where their type is the field's own; an interface shows its own fields only, a union nothing.
    fn selection_set_list(
        &mut self,
        type_id: TypeId,
        occurrences: &[(&'a Field, Conjunction)],
        prefix: &str,
        list: &mut IndexSet<String>,
        depth: usize,
    ) -> Result<(), RequestError> {
        let mut groups: IndexMap<&'a str, Vec<(&'a Field, Conjunction)>> = IndexMap::new();
        for (field, _) in occurrences {
            self.list_fields(type_id, &field.selection_set, &mut groups, depth)?;
        }
        for (key, fields) in groups {
            let path = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}/{key}") };
            list.insert(path.clone());
            if list.len() > MAX_PLAN_FIELDS {
                return Err(too_large());
            }
            let Some(definition) = self.type_system.field(type_id, &fields[0].0.name) else { continue };
            self.selection_set_list(definition.ty.named(), &fields, &path, list, depth + 1)?;
        }
        Ok(())
    }

    fn list_fields(
        &mut self,
        type_id: TypeId,
        selections: &'a [Selection],
        groups: &mut IndexMap<&'a str, Vec<(&'a Field, Conjunction)>>,
        depth: usize,
    ) -> Result<(), RequestError> {
        let name = &self.type_system.get(type_id).name;
        for selection in selections {
            self.visits += 1;
            if self.visits > MAX_VISITS || depth > value::MAX_DEPTH {
                return Err(too_large());
            }
            match selection {
                Selection::Field(field) if matches!(self.type_system.get(type_id).kind, TypeKind::Union { .. }) => {
                    let _ = field;
                }
                Selection::Field(field) => groups.entry(field.response_key()).or_default().push((field, Vec::new())),
                Selection::InlineFragment(fragment) if fragment.type_condition.as_ref().is_none_or(|on| on == name) => {
                    self.list_fields(type_id, &fragment.selection_set, groups, depth + 1)?;
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragment(&spread.name)
                        && fragment.type_condition == *name
                    {
                        self.list_fields(type_id, &fragment.selection_set, groups, depth + 1)?;
                    }
                }
                Selection::InlineFragment(_) => {}
            }
        }
        Ok(())
    }
}

fn too_large() -> RequestError {
    let message = format!(
        "The operation selects more than {MAX_PLAN_FIELDS} fields once its fragments are expanded; select less in one request."
    );
    RequestError::new(message, None)
}

/// `condition` and the directives' own; `None` when they exclude the selection for good.
fn and(condition: &Conjunction, directives: &[Directive]) -> Option<Conjunction> {
    let mut all = condition.clone();
    for directive in directives {
        let wanted = match &*directive.name {
            "skip" => false,
            "include" => true,
            _ => continue,
        };
        match directive.arguments.iter().find(|argument| &*argument.name == "if").map(|argument| &argument.value) {
            Some(Literal::Boolean(value)) if *value != wanted => return None,
            Some(Literal::Variable(name)) => {
                if all.iter().any(|(other, value)| other == name && *value != wanted) {
                    return None;
                }
                if !all.iter().any(|(other, value)| other == name && *value == wanted) {
                    all.push((Arc::clone(name), wanted));
                }
            }
            _ => {}
        }
    }
    Some(all)
}

/// The fields of a selection set, in document order, merged by response key.
fn groups<'a>(found: Vec<(&'a Field, Conjunction)>) -> Vec<Group<'a>> {
    let mut by_key: IndexMap<&'a str, Vec<usize>> = IndexMap::new();
    for (at, (field, _)) in found.iter().enumerate() {
        by_key.entry(field.response_key()).or_default().push(at);
    }
    let implied = |all: &Conjunction, by: &Conjunction| all.iter().all(|term| by.contains(term));
    let mut groups: Vec<(usize, Group<'a>)> = Vec::with_capacity(by_key.len());
    for places in by_key.into_values() {
        let mut earlier: Vec<&Conjunction> = Vec::new();
        for (nth, &at) in places.iter().enumerate() {
            let (first, condition) = &found[at];
            // Where an earlier occurrence is included whenever this one is, this one never comes first.
            if earlier.iter().any(|other| implied(other, condition)) {
                continue;
            }
            let occurrences = places[nth..]
                .iter()
                .map(|&other| {
                    let (field, own) = &found[other];
                    (*field, if implied(own, condition) { Vec::new() } else { own.clone() })
                })
                .collect();
            let none: Vec<Conjunction> = earlier.iter().map(|&other| other.clone()).collect();
            let condition_here = (!condition.is_empty() || !none.is_empty()).then(|| Condition { all: condition.clone(), none });
            groups.push((at, Group { first, condition: condition_here, occurrences }));
            earlier.push(condition);
        }
    }
    groups.sort_by_key(|(at, _)| *at);
    groups.into_iter().map(|(_, group)| group).collect()
}

fn has_resolvers(ty: &PlanType) -> bool {
    let any = |fields: &[PlanField]| {
        fields.iter().any(|field| field.resolvers_below || matches!(field.source, FieldSource::Resolver(_)))
    };
    match ty {
        PlanType::NonNull(inner) | PlanType::List(inner) => has_resolvers(inner),
        PlanType::Scalar(..) | PlanType::Enum(_) => false,
        PlanType::Object(_, fields) => any(fields),
        PlanType::Abstract(selection) => selection.by_type.values().any(|fields| any(fields)),
    }
}
