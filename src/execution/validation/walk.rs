//! The walk over a document, and what the rules see on it: types in force, the path, the variables of the operation.
//!
//! Rules about variables follow fragment spreads (a fragment's variables are those of the operation that spreads it); all
//! other rules look at each definition once. A fragment that was followed without a finding is not followed again in the
//! same operation: its inside does not depend on the place of the spread. Together with [`MAX_ERRORS`] that keeps the walk
//! near-linear even when fragments double themselves.

use std::collections::{HashMap, HashSet};

use super::super::ast::{
    Argument, Directive, Document, Field, FragmentDefinition, FragmentSpread, InlineFragment, Literal, Operation, Position,
    Selection, VariableDefinition,
};
use super::fields::MetaFields;
use super::{MAX_ERRORS, MAX_EXPANDED_DEPTH, ValidationError, ValidationOptions, arguments, directives, fields, fragments};
use super::{operations, overlap, variables};
use crate::schema::TypeSystem;
use crate::schema::type_system::{DirectiveDefinition, FieldDefinition, TypeId, TypeKind, TypeRef};

/// The state of one validation.
pub(super) struct Walk<'a> {
    pub(super) types: &'a TypeSystem,
    pub(super) document: &'a Document,
    pub(super) options: ValidationOptions,
    pub(super) meta: &'a MetaFields,
    pub(super) errors: Vec<ValidationError>,
    /// Names of the fields (and fragment definitions) walked into.
    pub(super) path: Vec<&'a str>,
    pub(super) fragments: HashMap<&'a str, &'a FragmentDefinition>,
    pub(super) operations: operations::Seen<'a>,
    pub(super) cycles: fragments::Cycles<'a>,
    pub(super) used_fragments: fragments::Used<'a>,
    pub(super) variables: variables::Variables<'a>,
    pub(super) overlap: overlap::Overlap<'a>,
    /// Fragments followed without a finding in this operation, with how deep they reach.
    clean: HashMap<&'a str, usize>,
    /// Fragments being followed.
    following: HashSet<&'a str>,
    /// Selection sets and spreads around the current place, and the deepest so far below the current spread.
    depth: usize,
    deepest: usize,
    depth_reported: bool,
}

/// What holds inside one selection set.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The output type of the field or fragment around; `None` when unknown.
    pub(super) output: Option<TypeId>,
    /// The output type, if it has fields or members.
    pub(super) parent: Option<TypeId>,
    /// The field around.
    pub(super) field: Option<&'a FieldDefinition>,
    pub(super) rules: Rules,
}

/// Which rules look.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// All: inside an operation.
    All,
    /// All but those on variables: inside a fragment definition.
    General,
    /// Those on variables: inside a fragment that an operation spreads.
    Variables,
}

impl Rules {
    pub(super) fn general(self) -> bool {
        self != Rules::Variables
    }

    pub(super) fn variables(self) -> bool {
        self != Rules::General
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(types: &'a TypeSystem, document: &'a Document, options: ValidationOptions, meta: &'a MetaFields) -> Self {
        Walk {
            types,
            document,
            options,
            meta,
            errors: Vec::new(),
            path: Vec::new(),
            // Of two fragments of one name the last counts, as in `Document::fragment`.
            fragments: document.fragments.iter().map(|fragment| (&*fragment.name, fragment)).collect(),
            operations: operations::Seen::default(),
            cycles: fragments::Cycles::new(document),
            used_fragments: fragments::Used::default(),
            variables: variables::Variables::default(),
            overlap: overlap::Overlap::default(),
            clean: HashMap::new(),
            following: HashSet::new(),
            depth: 0,
            deepest: 0,
            depth_reported: false,
        }
    }

    /// Notes an error at the current path.
    pub(super) fn error(&mut self, kind: &'static str, text: &str, location: Position) {
        self.error_at(kind, text, vec![location]);
    }

    pub(super) fn error_at(&mut self, kind: &'static str, text: &str, locations: Vec<Position>) {
        if !self.is_full() {
            self.errors.push(ValidationError::new(kind, text, &self.path, locations));
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.errors.len() >= MAX_ERRORS
    }

    pub(super) fn document(&mut self) {
        operations::executable_definitions(self);
        let document = self.document;
        let mut operations = document.operations.iter().peekable();
        let mut fragments = document.fragments.iter().peekable();
        loop {
            match (operations.peek(), fragments.peek()) {
                (Some(operation), Some(fragment)) if fragment.position < operation.position => self.fragment_definition(fragment),
                (Some(operation), _) => {
                    self.operation(operation);
                    operations.next();
                    continue;
                }
                (None, Some(fragment)) => self.fragment_definition(fragment),
                (None, None) => break,
            }
            fragments.next();
        }
        fragments::no_unused_fragments(self);
    }

    fn composite(&self, id: Option<TypeId>) -> Option<TypeId> {
        id.filter(|id| {
            matches!(self.types.get(*id).kind, TypeKind::Object(_) | TypeKind::Interface { .. } | TypeKind::Union { .. })
        })
    }

    fn scope(&self, output: Option<TypeId>, field: Option<&'a FieldDefinition>, rules: Rules) -> Scope<'a> {
        Scope { output, parent: self.composite(output), field, rules }
    }

    fn operation(&mut self, operation: &'a Operation) {
        operations::lone_anonymous_operation(self, operation);
        operations::unique_operation_names(self, operation);
        self.variables.begin_operation();
        self.clean.clear();
        self.used_fragments.begin_operation();
        for definition in &operation.variables {
            self.variable_definition(definition);
        }
        let scope = self.scope(super::operations::root_type(self.types, operation.kind), None, Rules::All);
        self.directives(&operation.directives, directives::Place::Operation(operation.kind), scope);
        self.selection_set(&operation.selection_set, scope);
        variables::no_unused_variables(self, operation);
    }

    fn variable_definition(&mut self, definition: &'a VariableDefinition) {
        let ty = arguments::resolve_type(self.types, &definition.ty);
        self.variables.define(definition, ty.clone());
        if let Some(ty) = &ty {
            variables::default_of_correct_type(self, definition, ty);
        }
        variables::variables_are_input_types(self, definition);
        self.type_name(definition.ty.name(), definition.position);
        let scope = Scope { output: None, parent: None, field: None, rules: Rules::All };
        self.directives(&definition.directives, directives::Place::VariableDefinition, scope);
    }

    /// KnownTypeNames, at the type name that follows `from`.
    fn type_name(&mut self, name: &str, from: Position) {
        if self.types.by_name(name).is_none() {
            let location = self.document.places.type_name(from);
            self.error("UnknownType", &format!("Unknown type {name}"), location);
        }
    }

    fn fragment_definition(&mut self, fragment: &'a FragmentDefinition) {
        self.path.push(&fragment.name);
        fragments::fragments_on_composite_type(self, &fragment.type_condition, "Fragment", fragment.position);
        fragments::no_fragment_cycles(self, fragment);
        self.used_fragments.begin_fragment(&fragment.name);
        self.type_name(&fragment.type_condition, fragment.position);
        self.inside_fragment(fragment, Rules::General);
        self.path.pop();
    }

    /// The directives and selection set of a fragment definition.
    fn inside_fragment(&mut self, fragment: &'a FragmentDefinition, rules: Rules) {
        let output = self.types.by_name(&fragment.type_condition).map(|(id, _)| id);
        let scope = self.scope(output, None, rules);
        self.directives(&fragment.directives, directives::Place::FragmentDefinition, scope);
        self.selection_set(&fragment.selection_set, scope);
    }

    fn selection_set(&mut self, set: &'a [Selection], scope: Scope<'a>) {
        if self.depth >= MAX_EXPANDED_DEPTH {
            self.too_deep(set);
            return;
        }
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        for selection in set {
            if self.is_full() {
                break;
            }
            match selection {
                Selection::Field(field) => self.field(field, scope),
                Selection::InlineFragment(fragment) => self.inline_fragment(fragment, scope),
                Selection::FragmentSpread(spread) => self.fragment_spread(spread, scope),
            }
        }
        self.depth -= 1;
        if scope.rules.general() {
            overlap::overlapping_fields_can_be_merged(self, set, scope.output);
        }
    }

    fn too_deep(&mut self, set: &[Selection]) {
        if self.depth_reported {
            return;
        }
        self.depth_reported = true;
        let location = match set.first() {
            Some(Selection::Field(field)) => field.position,
            Some(Selection::InlineFragment(fragment)) => fragment.position,
            Some(Selection::FragmentSpread(spread)) => spread.position,
            None => Position::default(),
        };
        let text = format!("Selection sets are nested at most {MAX_EXPANDED_DEPTH} levels, fragments included");
        if !self.is_full() {
            let path = &self.path[..self.path.len().min(8)];
            self.errors.push(ValidationError::new("DocumentLimitExceeded", &text, path, vec![location]));
        }
    }

    fn field(&mut self, field: &'a Field, scope: Scope<'a>) {
        self.path.push(&field.name);
        let depth = self.path.len();
        let definition = scope.parent.and_then(|parent| fields::definition(self, parent, &field.name));
        let output = definition.map(|definition| definition.ty.named());
        let inside = self.scope(output, definition, scope.rules);
        if scope.rules.general() {
            if let Some(parent) = scope.parent
                && definition.is_none()
            {
                fields::field_undefined(self, field, parent);
            }
            if let Some(definition) = definition {
                arguments::provided_to_field(self, field, definition);
                fields::scalar_leafs(self, field, definition);
            }
        }
        self.arguments(&field.arguments, None, inside);
        self.directives(&field.directives, directives::Place::Field, inside);
        if !field.selection_set.is_empty() {
            self.selection_set(&field.selection_set, inside);
        }
        self.path.truncate(depth - 1);
    }

    fn inline_fragment(&mut self, fragment: &'a InlineFragment, scope: Scope<'a>) {
        let output = match &fragment.type_condition {
            Some(condition) => self.types.by_name(condition).map(|(id, _)| id),
            None => scope.parent,
        };
        if scope.rules.general() {
            if let Some(condition) = &fragment.type_condition {
                fragments::fragments_on_composite_type(self, condition, "Inline fragment", fragment.position);
            }
            fragments::possible_inline_fragment(self, fragment, output, scope.parent);
            if let Some(condition) = &fragment.type_condition {
                self.type_name(condition, fragment.position);
            }
        }
        let inside = self.scope(output, scope.field, scope.rules);
        self.directives(&fragment.directives, directives::Place::InlineFragment, inside);
        self.selection_set(&fragment.selection_set, inside);
    }

    fn fragment_spread(&mut self, spread: &'a FragmentSpread, scope: Scope<'a>) {
        let fragment = self.fragments.get(&*spread.name).copied();
        if scope.rules.general() {
            if fragment.is_none() {
                self.error("UndefinedFragment", &format!("Undefined fragment {}", spread.name), spread.position);
            }
            self.used_fragments.spread(&spread.name);
            if let Some(fragment) = fragment {
                fragments::possible_fragment_spread(self, spread, fragment, scope.parent);
            }
        }
        if scope.rules.variables()
            && let Some(fragment) = fragment
        {
            self.follow(fragment);
        }
        self.directives(&spread.directives, directives::Place::FragmentSpread, scope);
    }

    /// Walks a fragment from a spread, for the rules on variables.
    fn follow(&mut self, fragment: &'a FragmentDefinition) {
        let name = &*fragment.name;
        if self.following.contains(name) || self.is_full() {
            return;
        }
        if let Some(height) = self.clean.get(name).copied() {
            self.deepest = self.deepest.max(self.depth + height);
            if self.depth + height > MAX_EXPANDED_DEPTH {
                self.too_deep(&fragment.selection_set);
            }
            return;
        }
        if self.depth >= MAX_EXPANDED_DEPTH {
            self.too_deep(&fragment.selection_set);
            return;
        }
        let (errors, outer_deepest, path) = (self.errors.len(), self.deepest, self.path.len());
        self.following.insert(name);
        self.depth += 1;
        self.deepest = self.depth;
        self.path.push(name);
        self.inside_fragment(fragment, Rules::Variables);
        self.path.truncate(path);
        self.depth -= 1;
        self.following.remove(name);
        if self.errors.len() == errors {
            self.clean.insert(name, self.deepest - self.depth);
        }
        self.deepest = self.deepest.max(outer_deepest);
    }

    fn directives(&mut self, list: &'a [Directive], place: directives::Place, scope: Scope<'a>) {
        let types = self.types;
        for directive in list {
            let definition = types.directives.get(&*directive.name);
            if scope.rules.general() {
                directives::known_directives(self, directive, definition, place);
                if let Some(definition) = definition {
                    arguments::provided_to_directive(self, directive, definition);
                }
            }
            self.arguments(&directive.arguments, definition, scope);
        }
    }

    /// Arguments of a directive, or of the field in `scope`. An unknown directive's arguments are looked for in the field
    /// around it, as in graphql-java.
    fn arguments(&mut self, list: &'a [Argument], directive: Option<&'a DirectiveDefinition>, scope: Scope<'a>) {
        for argument in list {
            let known = match (directive, scope.field) {
                (Some(directive), _) => directive.arguments.get(&*argument.name),
                (None, Some(field)) => field.arguments.get(&*argument.name),
                (None, None) => None,
            };
            if scope.rules.general() {
                if let Some(definition) = known {
                    arguments::of_correct_type(self, argument, definition);
                } else if directive.is_some() || scope.field.is_some() {
                    arguments::unknown(self, argument, directive.is_some());
                }
            }
            if scope.rules.variables() {
                let mut places = VariablePlaces { from: argument.position, index: 0 };
                self.variables_in(&argument.value, known.map(|definition| &definition.ty), &mut places);
            }
        }
    }

    fn variables_in(&mut self, literal: &'a Literal, expected: Option<&'a TypeRef>, places: &mut VariablePlaces) {
        match literal {
            Literal::Variable(name) => {
                let location = places.next(self.document);
                variables::used(self, name, expected, location);
            }
            Literal::List(items) => {
                let item_type = match expected.map(nullable) {
                    Some(TypeRef::List(item)) => Some(&**item),
                    _ => None,
                };
                for item in items {
                    self.variables_in(item, item_type, places);
                }
            }
            Literal::Object(members) => {
                let (definitions, one_of) = match expected.map(|ty| &self.types.get(ty.named()).kind) {
                    Some(TypeKind::InputObject { fields, one_of }) => (Some(fields), *one_of),
                    _ => (None, false),
                };
                for (name, value) in members {
                    let ty = definitions.and_then(|fields| fields.get(name)).map(|definition| &definition.ty);
                    if let (true, Literal::Variable(name), Some(ty)) = (one_of, value, ty) {
                        // The one field of a `@oneOf` object must not be null.
                        let location = places.next(self.document);
                        variables::used(self, name, Some(&TypeRef::NonNull(Box::new(ty.clone()))), location);
                        continue;
                    }
                    self.variables_in(value, ty, places);
                }
            }
            _ => {}
        }
    }
}

/// Counts the variables of one argument, to find their places.
struct VariablePlaces {
    from: Position,
    index: usize,
}

impl VariablePlaces {
    fn next(&mut self, document: &Document) -> Position {
        let place = document.places.variable(self.from, self.index);
        self.index += 1;
        place
    }
}

/// The type without the outermost `!`.
pub(super) fn nullable(ty: &TypeRef) -> &TypeRef {
    match ty {
        TypeRef::NonNull(inner) => inner,
        other => other,
    }
}
