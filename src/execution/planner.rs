//! Document to plan: fragments inlined and fields merged for every concrete type (GraphQL specification §6.3.2), once.
//!
//! The document has been validated. Work is bounded: fragments that double themselves and selections on large unions could
//! otherwise grow a small document into millions of fields.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use value::{Object, Str, Value, write_json_string};

use super::ast::{
    Directive, Document, Field, FragmentDefinition, Literal, Operation, OperationKind, Selection, VariableDefinition,
};
use super::coercion::{ArgumentTemplate, compile_arguments, root_type};
use super::error::RequestError;
use super::plan::{
    AbstractSelection, Condition, ConditionId, Conjunction, EnumType, FieldSource, IntrospectionField, ModeMask, Plan, PlanField,
    PlanType, ResolvedField, ResolverId,
};
use super::print::print_selection_set;
use crate::schema::type_system::{FieldDefinition, TypeId, TypeKind, TypeRef};
use crate::schema::{TypeSystem, introspection};

/// The most fields a plan may have.
pub const MAX_PLAN_FIELDS: usize = 50_000;

/// The most work a plan may take: selections looked at, and terms of conditions carried along and compared. It also bounds
/// what the conditions of a plan take in memory.
const MAX_WORK: usize = 1_000_000;

/// The most fields that `__schema` or `__type` may select. Each is answered for every type, field or argument of the schema;
/// the widest introspection queries of known tools select about two hundred.
const MAX_INTROSPECTED: usize = 1_000;

/// The most text a plan may hold: `ctx.info` of its resolvers, and introspection. The paths of `selectionSetList` grow with
/// depth times width, so that a request of a megabyte could ask for gigabytes of them.
const MAX_TEXT: usize = 8 << 20;

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
    let mut planner = Planner {
        type_system,
        wiring,
        document,
        operation,
        // Of two fragments of one name the last counts, as in `Document::fragment`.
        fragments: document.fragments.iter().map(|fragment| (&*fragment.name, fragment)).collect(),
        enums: HashMap::new(),
        arguments: HashMap::new(),
        introspected: None,
        subscription_arguments: Arc::new([]),
        conditions: IndexSet::new(),
        fields: 0,
        work: 0,
        text: 0,
        weight: 0,
    };
    let root = planner.selection(root_type, &[Occurrence { selections: &operation.selection_set, condition: Vec::new() }], 1)?;
    Ok(Plan {
        kind: operation.kind,
        variables: operation.variables.clone(),
        root,
        subscription_arguments: planner.subscription_arguments,
        conditions: planner.conditions.into_iter().collect(),
        field_count: planner.fields,
        weight: planner.weight + size_of::<Plan>(),
    })
}

struct Planner<'a> {
    type_system: &'a TypeSystem,
    wiring: &'a dyn Wiring,
    document: &'a Document,
    operation: &'a Operation,
    fragments: HashMap<&'a str, &'a FragmentDefinition>,
    conditions: IndexSet<Condition>,
    /// One for all fields of that type.
    enums: HashMap<TypeId, Arc<EnumType>>,
    /// By the addresses of the arguments and of the field's definition: a fragment's field is planned once for every place
    /// where it is spread, and all of them share its literals.
    arguments: HashMap<(usize, usize), CompiledArguments>,
    /// The fragments and variables for introspection fields that depend on variables.
    introspected: Option<(Arc<Document>, Arc<[VariableDefinition]>)>,
    subscription_arguments: Arc<[(Str, ArgumentTemplate)]>,
    fields: usize,
    work: usize,
    text: usize,
    weight: usize,
}

/// A field's arguments, and the same as a value when no variable is used in them.
#[derive(Clone)]
struct CompiledArguments {
    templates: Arc<[(Str, ArgumentTemplate)]>,
    constant: Option<Arc<Object>>,
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
    condition: Option<ConditionId>,
    /// Each with the condition that remains, given that the first is included.
    occurrences: Vec<(&'a Field, Conjunction)>,
}

/// The fragments that were collected, and the conditions under which they were.
type Collected<'a> = HashMap<&'a str, Vec<Conjunction>>;

impl<'a> Planner<'a> {
    /// The merged fields of some selection sets on the object type `object`.
    fn selection(&mut self, object: TypeId, sets: &[Occurrence<'a>], level: u32) -> Result<Vec<PlanField>, RequestError> {
        let mut found = Vec::new();
        let mut collected = Collected::new();
        for set in sets {
            self.collect(object, set.selections, &set.condition, &mut found, &mut collected, 0)?;
        }
        let groups = self.groups(&found)?;
        let mut fields = Vec::with_capacity(groups.len());
        for group in &groups {
            // Filled in place: what recurses keeps its frames small, because a document may be 200 levels deep.
            fields.push(self.bare_field(object, group, level)?);
            if let Some(field) = fields.last_mut() {
                self.complete(field, object, group, level)?;
            }
        }
        Ok(fields)
    }

    fn spend(&mut self, work: usize) -> Result<(), RequestError> {
        self.work = self.work.saturating_add(work);
        if self.work > MAX_WORK { Err(too_large()) } else { Ok(()) }
    }

    fn spend_text(&mut self, bytes: usize) -> Result<(), RequestError> {
        self.text = self.text.saturating_add(bytes);
        self.weight = self.weight.saturating_add(bytes);
        if self.text <= MAX_TEXT {
            return Ok(());
        }
        let message = format!(
            "The operation is too large: the selection sets that its resolvers see in ctx.info, and its introspection, take \
             more than {MAX_TEXT} bytes; select less in one request."
        );
        Err(RequestError::new(message, None))
    }

    fn collect(
        &mut self,
        object: TypeId,
        selections: &'a [Selection],
        condition: &Conjunction,
        found: &mut Vec<(&'a Field, Conjunction)>,
        collected: &mut Collected<'a>,
        depth: usize,
    ) -> Result<(), RequestError> {
        // Validation refuses fragment cycles; the bound keeps the stack safe all the same.
        if depth > value::MAX_DEPTH {
            return Err(RequestError::new("Fragments are nested deeper than 200 levels.", None));
        }
        for selection in selections {
            let directives = match selection {
                Selection::Field(field) => field.directives.len(),
                Selection::InlineFragment(fragment) => fragment.directives.len(),
                Selection::FragmentSpread(spread) => spread.directives.len(),
            };
            self.spend((1 + directives) * (1 + directives + condition.len()))?;
            match selection {
                Selection::Field(field) => {
                    let Some(condition) = and(condition, &field.directives) else { continue };
                    found.push((field, condition));
                }
                Selection::InlineFragment(fragment) => {
                    let Some(condition) = and(condition, &fragment.directives) else { continue };
                    if fragment.type_condition.as_ref().is_none_or(|name| self.applies(name, object)) {
                        self.collect(object, &fragment.selection_set, &condition, found, collected, depth + 1)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let Some(condition) = and(condition, &spread.directives) else { continue };
                    let Some(fragment) = self.fragments.get(&*spread.name).copied() else { continue };
                    // A fragment that was collected under a condition that holds whenever this one does adds nothing: all of
                    // it stands there already. That also ends fragments which double themselves.
                    let earlier = collected.entry(&*spread.name).or_default();
                    let known = earlier.iter().any(|other| is_implied(other, &condition));
                    let work = earlier.len() * comparison(&condition);
                    if !known {
                        earlier.push(condition.clone());
                    }
                    self.spend(work)?;
                    if known {
                        continue;
                    }
                    if self.applies(&fragment.type_condition, object) {
                        self.collect(object, &fragment.selection_set, &condition, found, collected, depth + 1)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The fields of a selection set, in document order, merged by response key.
    fn groups(&mut self, found: &[(&'a Field, Conjunction)]) -> Result<Vec<Group<'a>>, RequestError> {
        let mut by_key: IndexMap<&'a str, Vec<usize>> = IndexMap::new();
        for (at, (field, _)) in found.iter().enumerate() {
            by_key.entry(field.response_key()).or_default().push(at);
        }
        let mut groups: Vec<(usize, Group<'a>)> = Vec::with_capacity(by_key.len());
        for places in by_key.into_values() {
            let mut earlier: Vec<&Conjunction> = Vec::new();
            for (nth, &at) in places.iter().enumerate() {
                let (first, condition) = &found[at];
                self.spend(earlier.len() * comparison(condition))?;
                // Where an earlier occurrence is included whenever this one is, this one never comes first.
                if earlier.iter().any(|other| is_implied(other, condition)) {
                    continue;
                }
                self.spend((places.len() - nth) * comparison(condition))?;
                let occurrences = places[nth..]
                    .iter()
                    .map(|&other| {
                        let (field, own) = &found[other];
                        (*field, if is_implied(own, condition) { Vec::new() } else { own.clone() })
                    })
                    .collect();
                let none: Vec<Conjunction> = earlier.iter().map(|&other| other.clone()).collect();
                let conditional = !condition.is_empty() || !none.is_empty();
                let condition_here = conditional.then(|| self.condition(Condition { all: condition.clone(), none }));
                groups.push((at, Group { first, condition: condition_here, occurrences }));
                earlier.push(condition);
            }
        }
        groups.sort_by_key(|(at, _)| *at);
        Ok(groups.into_iter().map(|(_, group)| group).collect())
    }

    /// The id of a condition; fields that share one share its evaluation, too.
    fn condition(&mut self, condition: Condition) -> ConditionId {
        let conjunctions = 1 + condition.none.len();
        let terms = condition.all.len() + condition.none.iter().map(Vec::len).sum::<usize>();
        let (at, new) = self.conditions.insert_full(condition);
        if new {
            self.weight += (conjunctions + terms) * 32;
        }
        ConditionId(u32::try_from(at).expect("there are at most as many conditions as fields"))
    }

    /// Whether a fragment on `condition` applies to values of `object`.
    fn applies(&self, condition: &str, object: TypeId) -> bool {
        let Some((id, _)) = self.type_system.by_name(condition) else { return false };
        id == object || self.type_system.possible_types(id).contains(&object)
    }

    /// A field without what is below it.
    fn bare_field(&mut self, object: TypeId, group: &Group<'a>, level: u32) -> Result<PlanField, RequestError> {
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

        Ok(PlanField {
            index,
            response_key: Arc::clone(response_key),
            key_bytes: key_bytes.into(),
            name: Arc::clone(&first.name),
            parent_type: Arc::clone(&parent_type),
            position: first.position,
            ty: unplanned(),
            source: FieldSource::Property,
            resolvers_below: false,
            condition: group.condition,
            modes: ModeMask::MAX,
            too_deep,
        })
    }

    /// Finds out where the field's value comes from, and plans what is below it.
    fn complete(&mut self, field: &mut PlanField, object: TypeId, group: &Group<'a>, level: u32) -> Result<(), RequestError> {
        if matches!(&*field.name, "__typename")
            || (matches!(&*field.name, "__schema" | "__type") && object == self.type_system.query)
        {
            field.source = self.meta_field(field, group)?;
            field.too_deep = false;
            return Ok(());
        }
        let Some(definition) = self.type_system.field(object, &field.name) else {
            return Err(undefined(field));
        };
        field.modes = self.wiring.modes(object, definition);
        let below: Vec<Occurrence<'a>> = group
            .occurrences
            .iter()
            .map(|(field, condition)| Occurrence { selections: &field.selection_set, condition: condition.clone() })
            .collect();
        self.ty(&mut field.ty, &definition.ty, &below, level, (&field.parent_type, &field.name))?;
        field.resolvers_below = has_resolvers(&field.ty);
        // Below its root field a subscription is read from events, which hold what the mutation's resolvers gave.
        let is_event = self.operation.kind == OperationKind::Subscription;
        let is_resolved = !is_event || level == 1;
        if is_event && level == 1 {
            self.subscription_arguments = self.arguments(definition, group.first).templates;
        }
        if let Some(resolver) = self.wiring.resolver(&field.parent_type, &field.name).filter(|_| is_resolved)
            && !field.too_deep
        {
            field.source = FieldSource::Resolver(Box::new(self.resolved(resolver, definition, group)?));
        }
        Ok(())
    }

    /// `__typename`, `__schema`, `__type`.
    fn meta_field(&mut self, field: &PlanField, group: &Group<'a>) -> Result<FieldSource, RequestError> {
        if &*field.name == "__typename" {
            let mut name = Vec::new();
            write_json_string(&field.parent_type, &mut name);
            return Ok(FieldSource::TypeName(name.into()));
        }
        let mut merged = group.first.clone();
        merged.directives.clear();
        for (other, _) in group.occurrences.iter().skip(1) {
            merged.selection_set.extend(other.selection_set.iter().cloned());
        }
        Ok(FieldSource::Introspection(Box::new(self.introspection(merged)?)))
    }

    /// Answers `__schema` or `__type` now, unless the answer depends on the request's variables.
    fn introspection(&mut self, field: Field) -> Result<IntrospectionField, RequestError> {
        let mut left = MAX_INTROSPECTED;
        if !self.counts_within(&field.selection_set, &mut left, 0) {
            let message = format!("Introspection selects more than {MAX_INTROSPECTED} fields; select less in one request.");
            return Err(RequestError::new(message, Some(field.position)));
        }
        if introspection::depends_on_variables(&[&field], self.document) {
            if self.introspected.is_none() {
                let document = Document { fragments: self.document.fragments.clone(), ..Document::default() };
                self.introspected = Some((Arc::new(document), self.operation.variables.clone().into()));
                self.weight += 64 * 1024;
            }
            if let Some((document, definitions)) = &self.introspected {
                let (document, definitions) = (Arc::clone(document), Arc::clone(definitions));
                self.weight += size_of::<Field>() + field.selection_set.len() * 200;
                return Ok(IntrospectionField::Variable { field, document, definitions });
            }
        }
        let answer = introspection::execute(self.type_system, &[&field], self.document, &[], &Object::new())
            .map_err(|fault| RequestError::new(fault.to_string(), Some(field.position)))?;
        let mut json = Vec::new();
        answer.get(field.response_key()).unwrap_or(&value::NULL).write_json(&mut json);
        self.spend_text(json.len())?;
        Ok(IntrospectionField::Constant(json.into()))
    }

    /// Whether some selections have at most `left` fields, fragments expanded.
    fn counts_within(&self, selections: &[Selection], left: &mut usize, depth: usize) -> bool {
        depth <= value::MAX_DEPTH
            && selections.iter().all(|selection| {
                let below = match selection {
                    Selection::Field(field) => &field.selection_set,
                    Selection::InlineFragment(fragment) => &fragment.selection_set,
                    Selection::FragmentSpread(spread) => match self.fragments.get(&*spread.name) {
                        Some(fragment) => &fragment.selection_set,
                        None => return true,
                    },
                };
                *left = left.saturating_sub(1);
                *left > 0 && self.counts_within(below, left, depth + 1)
            })
    }

    fn resolved(
        &mut self,
        resolver: ResolverId,
        definition: &'a FieldDefinition,
        group: &Group<'a>,
    ) -> Result<ResolvedField, RequestError> {
        let CompiledArguments { templates, constant } = self.arguments(definition, group.first);
        let return_type = definition.ty.named();
        let mut list = IndexSet::new();
        self.selection_set_list(return_type, &group.occurrences, "", &mut list, 0)?;
        let selection_set_graphql = selection_set_graphql(&group.occurrences);
        self.spend_text(selection_set_graphql.len())?;
        self.weight += size_of::<ResolvedField>() + list.len() * 48;
        Ok(ResolvedField {
            resolver,
            arguments: templates,
            constant_arguments: constant,
            selection_set_list: list.into_iter().map(Value::from).collect(),
            selection_set_graphql,
        })
    }

    fn arguments(&mut self, definition: &'a FieldDefinition, field: &'a Field) -> CompiledArguments {
        let place = (field.arguments.as_ptr().addr(), std::ptr::from_ref(definition).addr());
        let compile = || {
            let templates = compile_arguments(self.type_system, &definition.arguments, &field.arguments);
            let constant = templates
                .iter()
                .map(|(name, template)| template.as_constant().map(|value| (Arc::clone(name), value)))
                .collect::<Option<Object>>();
            CompiledArguments { templates: templates.into(), constant: constant.map(Arc::new) }
        };
        self.arguments.entry(place).or_insert_with(compile).clone()
    }

    /// Plans a type and what is selected on it, into `planned`.
    fn ty(
        &mut self,
        planned: &mut PlanType,
        reference: &TypeRef,
        below: &[Occurrence<'a>],
        level: u32,
        (parent_type, field_name): (&Str, &Str),
    ) -> Result<(), RequestError> {
        match reference {
            TypeRef::NonNull(inner) => {
                self.ty(planned, inner, below, level, (parent_type, field_name))?;
                wrap(planned, PlanType::NonNull);
            }
            TypeRef::List(item) => {
                self.ty(planned, item, below, level, (parent_type, field_name))?;
                wrap(planned, PlanType::List);
            }
            TypeRef::Named(id) => {
                let definition = self.type_system.get(*id);
                match &definition.kind {
                    TypeKind::Object(_) => {
                        let fields = self.selection(*id, below, level + 1)?;
                        *planned = PlanType::Object(Arc::clone(&definition.name), fields);
                    }
                    TypeKind::Interface { possible_types, .. } | TypeKind::Union { possible_types } => {
                        self.spend(possible_types.len())?;
                        self.weight += possible_types.len() * 64;
                        let mut by_type = IndexMap::with_capacity(possible_types.len());
                        for object in possible_types {
                            let fields = self.selection(*object, below, level + 1)?;
                            by_type.insert(Arc::clone(&self.type_system.get(*object).name), fields);
                        }
                        let coordinate = format!("{parent_type}.{field_name}");
                        let name = Arc::clone(&definition.name);
                        *planned = PlanType::Abstract(Box::new(AbstractSelection { name, coordinate, by_type }));
                    }
                    TypeKind::Scalar(scalar) => *planned = PlanType::Scalar(*scalar, Arc::clone(&definition.name)),
                    TypeKind::Enum(values) => {
                        let name = Arc::clone(&definition.name);
                        let make = || Arc::new(EnumType { name, values: values.keys().cloned().collect() });
                        *planned = PlanType::Enum(Arc::clone(self.enums.entry(*id).or_insert_with(make)));
                    }
                    TypeKind::InputObject { .. } => {
                        let name = &definition.name;
                        let message = format!("{parent_type}.{field_name} has the input type {name}, which cannot be answered.");
                        return Err(RequestError::new(message, None));
                    }
                }
            }
        }
        Ok(())
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
            self.spend_text(path.len())?;
            list.insert(path.clone());
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
            self.spend(1)?;
            if depth > value::MAX_DEPTH {
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
                    if let Some(fragment) = self.fragments.get(&*spread.name).copied()
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

fn wrap(ty: &mut PlanType, wrapper: impl FnOnce(Box<PlanType>) -> PlanType) {
    let inner = std::mem::replace(ty, unplanned());
    *ty = wrapper(Box::new(inner));
}

/// What stands in a field's type until it is planned.
fn unplanned() -> PlanType {
    PlanType::Scalar(crate::schema::Scalar::String, Str::default())
}

fn undefined(field: &PlanField) -> RequestError {
    let message = format!("Field '{}' in type '{}' is undefined", field.name, field.parent_type);
    RequestError::new(message, Some(field.position))
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

/// Whether `all` holds whenever `by` does.
fn is_implied(all: &Conjunction, by: &Conjunction) -> bool {
    all.iter().all(|term| by.contains(term))
}

/// What comparing a conjunction with another of its size costs.
fn comparison(condition: &Conjunction) -> usize {
    1 + condition.len() * condition.len()
}

/// `ctx.info.selectionSetGraphQL`. A selection set that is there under several conditions is shown once.
fn selection_set_graphql(occurrences: &[(&Field, Conjunction)]) -> Str {
    if let [(field, _)] = occurrences {
        return print_selection_set(&field.selection_set).into();
    }
    let mut shown = IndexSet::new();
    let distinct = occurrences.iter().filter(|(field, _)| shown.insert(field.selection_set.as_ptr().addr()));
    let selections: Vec<Selection> = distinct.flat_map(|(field, _)| field.selection_set.iter().cloned()).collect();
    print_selection_set(&selections).into()
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

#[cfg(test)]
mod tests;
