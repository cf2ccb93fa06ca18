//! What is known of a value's type without running code: enough to tell `'a'.search(x)` from `index.search(x)`.
//!
//! AppSync's lint plugin asks TypeScript which interface a method belongs to, and reports nothing where the type is `any`. This
//! infers the plain cases (literals, operators, built-in methods, variables, parameters with a default, results of functions,
//! the utilities' results) and says [`Kind::Any`] to everything else.

use std::collections::HashMap;

use oxc::ast::ast::{
    ArrayExpressionElement, AssignmentOperator, BinaryOperator, BindingPattern, CallExpression, Expression, FormalParameters,
    IdentifierReference, LogicalExpression, MemberExpression, ObjectPropertyKind, Statement, TSType, TSTypeAnnotation,
    UnaryOperator,
};
use oxc::semantic::{Scoping, SymbolId};

/// How deep one expression is looked into; what lies deeper is [`Kind::Any`].
const MAX_DEPTH: u32 = 40;

/// What a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::compile) enum Kind {
    /// Nothing is known.
    #[default]
    Any,
    /// `null`, which adds nothing to what a value may be.
    Null,
    String,
    Number,
    Boolean,
    Array,
    /// A pair of `Object.entries`.
    Entry,
    Date,
    RegExp,
    Map,
    Set,
    Error,
    /// An object that code makes.
    Object,
    /// A function that code makes.
    Function,
}

/// A kind and, for arrays, the kinds of what is inside, three levels deep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::compile) struct Type([Kind; 4]);

impl Type {
    pub(in crate::compile) const ANY: Self = Self::of(Kind::Any);
    pub(in crate::compile) const NULL: Self = Self::of(Kind::Null);
    pub(in crate::compile) const STRING: Self = Self::of(Kind::String);
    const NUMBER: Self = Self::of(Kind::Number);
    const BOOLEAN: Self = Self::of(Kind::Boolean);

    const fn of(kind: Kind) -> Self {
        Self([kind, Kind::Any, Kind::Any, Kind::Any])
    }

    const fn array(element: Self) -> Self {
        let Self([a, b, c, _]) = element;
        Self([Kind::Array, a, b, c])
    }

    pub(in crate::compile) const fn kind(self) -> Kind {
        self.0[0]
    }

    pub(in crate::compile) const fn element(self) -> Self {
        let Self([kind, a, b, c]) = self;
        match kind {
            Kind::Array => Self([a, b, c, Kind::Any]),
            Kind::String => Self::STRING,
            _ => Self::ANY,
        }
    }

    /// The type of what is of one or the other.
    pub(in crate::compile) fn or(self, other: Self) -> Self {
        match (self.kind(), other.kind()) {
            (Kind::Null, _) => other,
            (_, Kind::Null) => self,
            _ if self == other => self,
            _ => Self::ANY,
        }
    }

    fn is_array(self) -> bool {
        matches!(self.kind(), Kind::Array | Kind::Entry)
    }
}

/// The types of a file's names.
#[derive(Default)]
pub(in crate::compile) struct Types {
    pub(in crate::compile) variables: HashMap<SymbolId, Type>,
    /// What functions return.
    pub(in crate::compile) results: HashMap<SymbolId, Type>,
    /// The members of objects that a variable is declared with.
    pub(in crate::compile) members: HashMap<(SymbolId, String), Type>,
}

/// Infers types of expressions.
#[derive(Clone, Copy)]
pub(in crate::compile) struct Inference<'s> {
    pub(in crate::compile) types: &'s Types,
    pub(in crate::compile) scoping: &'s Scoping,
    /// The utility that an expression names, `time.nowISO8601`.
    pub(in crate::compile) utility: &'s dyn Fn(&Expression<'_>) -> Option<&'static str>,
}

impl Inference<'_> {
    pub(in crate::compile) fn of(&self, expression: &Expression<'_>) -> Type {
        self.infer(expression, 0)
    }

    fn symbol(&self, reference: &IdentifierReference<'_>) -> Option<SymbolId> {
        self.scoping.get_reference(reference.reference_id.get()?).symbol_id()
    }

    fn infer(&self, expression: &Expression<'_>, depth: u32) -> Type {
        if depth > MAX_DEPTH {
            return Type::ANY;
        }
        let depth = depth + 1;
        match expression {
            Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => Type::STRING,
            Expression::NumericLiteral(_) | Expression::UpdateExpression(_) => Type::NUMBER,
            Expression::BooleanLiteral(_) | Expression::PrivateInExpression(_) => Type::BOOLEAN,
            Expression::NullLiteral(_) => Type::of(Kind::Null),
            Expression::RegExpLiteral(_) => Type::of(Kind::RegExp),
            Expression::ObjectExpression(_) => Type::of(Kind::Object),
            Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => Type::of(Kind::Function),
            Expression::ArrayExpression(array) => {
                let mut elements = array.elements.iter().map(|element| match element {
                    ArrayExpressionElement::SpreadElement(spread) => self.infer(&spread.argument, depth).element(),
                    ArrayExpressionElement::Elision(_) => Type::ANY,
                    element => element.as_expression().map_or(Type::ANY, |element| self.infer(element, depth)),
                });
                let first = elements.next().unwrap_or_default();
                Type::array(elements.fold(first, Type::or))
            }
            Expression::ParenthesizedExpression(inner) => self.infer(&inner.expression, depth),
            Expression::TSNonNullExpression(inner) => self.infer(&inner.expression, depth),
            Expression::TSSatisfiesExpression(inner) => self.infer(&inner.expression, depth),
            Expression::TSInstantiationExpression(inner) => self.infer(&inner.expression, depth),
            Expression::TSAsExpression(cast) => written(&cast.type_annotation),
            Expression::TSTypeAssertion(cast) => written(&cast.type_annotation),
            Expression::ConditionalExpression(conditional) => {
                self.infer(&conditional.consequent, depth).or(self.infer(&conditional.alternate, depth))
            }
            Expression::LogicalExpression(logical) => self.logical(logical, depth),
            Expression::SequenceExpression(sequence) => {
                sequence.expressions.last().map_or(Type::ANY, |last| self.infer(last, depth))
            }
            Expression::AssignmentExpression(assignment) if assignment.operator == AssignmentOperator::Assign => {
                self.infer(&assignment.right, depth)
            }
            Expression::UnaryExpression(unary) => match unary.operator {
                UnaryOperator::LogicalNot | UnaryOperator::Delete => Type::BOOLEAN,
                UnaryOperator::Typeof => Type::STRING,
                UnaryOperator::Void => Type::ANY,
                UnaryOperator::UnaryNegation | UnaryOperator::UnaryPlus | UnaryOperator::BitwiseNot => Type::NUMBER,
            },
            Expression::BinaryExpression(binary) => match binary.operator {
                BinaryOperator::Addition => {
                    // Long sums lean to the left, so that looking right first ends soon.
                    let right = self.infer(&binary.right, depth).kind();
                    if right == Kind::String {
                        return Type::STRING;
                    }
                    match (self.infer(&binary.left, depth).kind(), right) {
                        (Kind::String, _) => Type::STRING,
                        (Kind::Number, Kind::Number) => Type::NUMBER,
                        _ => Type::ANY,
                    }
                }
                BinaryOperator::Equality
                | BinaryOperator::Inequality
                | BinaryOperator::StrictEquality
                | BinaryOperator::StrictInequality
                | BinaryOperator::LessThan
                | BinaryOperator::LessEqualThan
                | BinaryOperator::GreaterThan
                | BinaryOperator::GreaterEqualThan
                | BinaryOperator::In
                | BinaryOperator::Instanceof => Type::BOOLEAN,
                _ => Type::NUMBER,
            },
            Expression::Identifier(reference) => match self.symbol(reference) {
                Some(symbol) => self.types.variables.get(&symbol).copied().unwrap_or_default(),
                None if matches!(reference.name.as_str(), "NaN" | "Infinity") => Type::NUMBER,
                None => Type::ANY,
            },
            Expression::ChainExpression(chain) => match &chain.expression {
                oxc::ast::ast::ChainElement::CallExpression(call) => self.call(call, depth),
                oxc::ast::ast::ChainElement::TSNonNullExpression(inner) => self.infer(&inner.expression, depth),
                element => element.as_member_expression().map_or(Type::ANY, |member| self.member(member, depth)),
            },
            Expression::CallExpression(call) => self.call(call, depth),
            Expression::NewExpression(new) => {
                let Expression::Identifier(class) = new.callee.get_inner_expression() else { return Type::ANY };
                if self.symbol(class).is_some() {
                    return Type::ANY;
                }
                match class.name.as_str() {
                    "Date" => Type::of(Kind::Date),
                    "Map" => Type::of(Kind::Map),
                    "Set" => Type::of(Kind::Set),
                    "RegExp" => Type::of(Kind::RegExp),
                    "Array" => Type::array(Type::ANY),
                    name if name.ends_with("Error") => Type::of(Kind::Error),
                    _ => Type::ANY,
                }
            }
            Expression::TaggedTemplateExpression(tagged) if is_global_member(self, &tagged.tag, "String", "raw") => Type::STRING,
            expression => expression.as_member_expression().map_or(Type::ANY, |member| self.member(member, depth)),
        }
    }

    fn logical(&self, logical: &LogicalExpression<'_>, depth: u32) -> Type {
        let right = self.infer(&logical.right, depth);
        // As TypeScript without strict checks: what is false is of no other type.
        if logical.operator.is_and() { right } else { self.infer(&logical.left, depth).or(right) }
    }

    fn member(&self, member: &MemberExpression<'_>, depth: u32) -> Type {
        let object = member.object();
        if let Expression::Identifier(reference) = object.get_inner_expression()
            && let Some(symbol) = self.symbol(reference)
            && let Some(name) = member.static_property_name()
            && let Some(known) = self.types.members.get(&(symbol, name.to_owned()))
        {
            return *known;
        }
        if let Expression::ObjectExpression(literal) = object.get_inner_expression()
            && let Some(name) = member.static_property_name()
        {
            let value = literal.properties.iter().find_map(|property| match property {
                ObjectPropertyKind::ObjectProperty(property) if property.key.is_specific_static_name(name) => {
                    Some(&property.value)
                }
                _ => None,
            });
            return value.map_or(Type::ANY, |value| self.infer(value, depth));
        }
        let object = self.infer(object, depth);
        match member.static_property_name() {
            Some("length") if object.is_array() || object.kind() == Kind::String => Type::NUMBER,
            Some("size") if matches!(object.kind(), Kind::Map | Kind::Set) => Type::NUMBER,
            Some("message" | "name" | "stack") if object.kind() == Kind::Error => Type::STRING,
            Some(_) => Type::ANY,
            None => match (object.kind(), member) {
                (Kind::Entry, MemberExpression::ComputedMemberExpression(computed)) => match &computed.expression {
                    Expression::NumericLiteral(at) if at.value == 0.0 => Type::STRING,
                    _ => Type::ANY,
                },
                (_, MemberExpression::ComputedMemberExpression(computed))
                    if matches!(self.infer(&computed.expression, depth).kind(), Kind::Number) =>
                {
                    object.element()
                }
                _ => Type::ANY,
            },
        }
    }

    fn call(&self, call: &CallExpression<'_>, depth: u32) -> Type {
        let callee = call.callee.get_inner_expression();
        if let Some(utility) = (self.utility)(callee) {
            return utility_result(utility);
        }
        if let Expression::Identifier(function) = callee {
            return match self.symbol(function) {
                Some(symbol) => self.types.results.get(&symbol).copied().unwrap_or_default(),
                None => match function.name.as_str() {
                    "String" | "encodeURIComponent" | "decodeURIComponent" | "encodeURI" | "decodeURI" | "Date" => Type::STRING,
                    "Number" | "parseInt" | "parseFloat" => Type::NUMBER,
                    "Boolean" | "isNaN" | "isFinite" => Type::BOOLEAN,
                    "Array" => Type::array(Type::ANY),
                    _ => Type::ANY,
                },
            };
        }
        let Some(member) = callee.get_member_expr() else { return self.result(callee, depth) };
        let Some(name) = member.static_property_name() else { return Type::ANY };
        let object = member.object().get_inner_expression();
        if let Expression::Identifier(reference) = object
            && self.symbol(reference).is_none()
        {
            return static_result(&reference.name, name);
        }
        let object = self.infer(object, depth);
        let argument = |at: usize| {
            let argument = call.arguments.get(at).and_then(|argument| argument.as_expression());
            argument.map(|argument| self.infer(argument, depth))
        };
        match object.kind() {
            Kind::Array => match name {
                "map" => Type::array(
                    call.arguments.first().and_then(|f| f.as_expression()).map_or(Type::ANY, |f| self.result(f, depth)),
                ),
                "filter" | "slice" | "concat" | "reverse" | "sort" | "splice" | "fill" | "toSorted" | "toReversed" | "with" => {
                    object
                }
                "find" | "findLast" | "pop" | "shift" | "at" => object.element(),
                "reduce" | "reduceRight" => argument(1).unwrap_or_else(|| object.element()),
                "join" | "toString" => Type::STRING,
                "indexOf" | "lastIndexOf" | "findIndex" | "findLastIndex" | "push" | "unshift" => Type::NUMBER,
                "some" | "every" | "includes" => Type::BOOLEAN,
                "flat" | "flatMap" => Type::array(Type::ANY),
                _ => Type::ANY,
            },
            Kind::String => match name {
                "charAt" | "concat" | "replace" | "replaceAll" | "slice" | "substring" | "substr" | "toLowerCase"
                | "toUpperCase" | "trim" | "trimStart" | "trimEnd" | "padStart" | "padEnd" | "repeat" | "toString"
                | "valueOf" | "normalize" | "toLocaleLowerCase" | "toLocaleUpperCase" | "at" => Type::STRING,
                "split" | "match" => Type::array(Type::STRING),
                "indexOf" | "lastIndexOf" | "charCodeAt" | "codePointAt" | "search" | "localeCompare" => Type::NUMBER,
                "includes" | "startsWith" | "endsWith" => Type::BOOLEAN,
                _ => Type::ANY,
            },
            Kind::Number if matches!(name, "toString" | "toFixed" | "toPrecision" | "toExponential" | "toLocaleString") => {
                Type::STRING
            }
            Kind::Date
                if matches!(name, "toISOString" | "toString" | "toDateString" | "toTimeString" | "toUTCString" | "toJSON") =>
            {
                Type::STRING
            }
            Kind::Date if name.starts_with("get") || name == "valueOf" => Type::NUMBER,
            _ => Type::ANY,
        }
    }

    /// What a function returns that stands as an argument.
    fn result(&self, function: &Expression<'_>, depth: u32) -> Type {
        let only_return = |statements: &[Statement<'_>]| match statements {
            [Statement::ReturnStatement(only)] => {
                only.argument.as_ref().map_or(Type::ANY, |argument| self.infer(argument, depth))
            }
            _ => Type::ANY,
        };
        match function.get_inner_expression() {
            Expression::ArrowFunctionExpression(arrow) => match arrow.get_expression() {
                Some(expression) => self.infer(expression, depth),
                None => arrow.get_function_body().map_or(Type::ANY, |body| only_return(&body.statements)),
            },
            Expression::FunctionExpression(function) => {
                function.body.as_ref().map_or(Type::ANY, |body| only_return(&body.statements))
            }
            Expression::Identifier(reference) => {
                let result = self.symbol(reference).and_then(|symbol| self.types.results.get(&symbol));
                result.copied().unwrap_or_default()
            }
            _ => Type::ANY,
        }
    }
}

fn is_global_member(inference: &Inference<'_>, expression: &Expression<'_>, object: &str, name: &str) -> bool {
    expression.is_specific_member_access(object, name)
        && expression.get_member_expr().is_some_and(|member| match member.object().get_inner_expression() {
            Expression::Identifier(reference) => inference.symbol(reference).is_none(),
            _ => false,
        })
}

/// The results of functions of global objects.
fn static_result(object: &str, name: &str) -> Type {
    match (object, name) {
        ("Object", "keys" | "getOwnPropertyNames") => Type::array(Type::STRING),
        ("Object", "entries") => Type::array(Type::of(Kind::Entry)),
        ("Object", "values") | ("Array", "from" | "of") => Type::array(Type::ANY),
        ("JSON", "stringify") | ("String", _) => Type::STRING,
        ("Object", "hasOwn" | "is" | "isFrozen" | "isSealed" | "isExtensible")
        | ("Array", "isArray")
        | ("Number", "isFinite" | "isNaN" | "isInteger" | "isSafeInteger") => Type::BOOLEAN,
        ("Math" | "Number" | "Date", _) => Type::NUMBER,
        _ => Type::ANY,
    }
}

/// The results of utilities, as the typings of `@aws-appsync/utils` have them.
fn utility_result(name: &str) -> Type {
    match name {
        "autoId"
        | "autoUlid"
        | "autoKsuid"
        | "base64Encode"
        | "base64Decode"
        | "urlEncode"
        | "urlDecode"
        | "escapeJavaScript"
        | "authType"
        | "time.nowISO8601"
        | "time.nowFormatted"
        | "time.epochMilliSecondsToISO8601"
        | "time.epochMilliSecondsToFormatted"
        | "str.normalize" => Type::STRING,
        "time.nowEpochSeconds"
        | "time.nowEpochMilliSeconds"
        | "time.parseFormattedToEpochMilliSeconds"
        | "time.parseISO8601ToEpochMilliSeconds"
        | "time.epochMilliSecondsToSeconds" => Type::NUMBER,
        "matches" => Type::BOOLEAN,
        _ => Type::ANY,
    }
}

/// The type that an annotation names.
pub(in crate::compile) fn written(annotation: &TSType<'_>) -> Type {
    match annotation {
        TSType::TSStringKeyword(_) => Type::STRING,
        TSType::TSNumberKeyword(_) => Type::NUMBER,
        TSType::TSBooleanKeyword(_) => Type::BOOLEAN,
        TSType::TSArrayType(array) => match &array.element_type {
            TSType::TSStringKeyword(_) => Type::array(Type::STRING),
            TSType::TSNumberKeyword(_) => Type::array(Type::NUMBER),
            _ => Type::array(Type::ANY),
        },
        TSType::TSParenthesizedType(inner) => match &inner.type_annotation {
            TSType::TSStringKeyword(_) => Type::STRING,
            _ => Type::ANY,
        },
        _ => Type::ANY,
    }
}

impl Types {
    /// Gives the names of a pattern the types that a value of `whole` has there.
    pub(in crate::compile) fn bind(&mut self, pattern: &BindingPattern<'_>, whole: Type) {
        // Without strict checks, a variable that begins as null may become anything.
        let whole = if whole == Type::NULL { Type::ANY } else { whole };
        match pattern {
            BindingPattern::BindingIdentifier(id) => {
                if let Some(symbol) = id.symbol_id.get() {
                    self.variables.insert(symbol, whole);
                }
            }
            BindingPattern::ArrayPattern(array) => {
                for (at, element) in array.elements.iter().enumerate() {
                    let part = match whole.kind() {
                        Kind::Entry if at == 0 => Type::STRING,
                        Kind::Array => whole.element(),
                        _ => Type::ANY,
                    };
                    // A default in the pattern adds to what the type may be.
                    if let Some(BindingPattern::BindingIdentifier(id)) = element
                        && let Some(symbol) = id.symbol_id.get()
                    {
                        self.variables.insert(symbol, part);
                    }
                }
            }
            BindingPattern::ObjectPattern(_) | BindingPattern::AssignmentPattern(_) => {}
        }
    }

    /// Gives a function's parameters the types that the caller knows; an annotation goes before.
    pub(in crate::compile) fn parameters(&mut self, parameters: &FormalParameters<'_>, known: &[Type]) {
        for (at, parameter) in parameters.items.iter().enumerate() {
            if parameter.type_annotation.is_none()
                && parameter.initializer.is_none()
                && let Some(known) = known.get(at)
            {
                self.bind(&parameter.pattern, *known);
            }
        }
    }

    /// Remembers that a name is an array of what is not known.
    pub(in crate::compile) fn rest(&mut self, pattern: &BindingPattern<'_>) {
        self.bind(pattern, Type::array(Type::ANY));
    }

    /// Remembers what the members of an object literal are.
    pub(in crate::compile) fn members_of(&mut self, symbol: SymbolId, members: Vec<(String, Type)>) {
        for (name, known) in members {
            self.members.insert((symbol, name), known);
        }
    }
}

/// The members of an object literal whose types are known.
pub(in crate::compile) fn literal_members(expression: &Expression<'_>, inference: &Inference<'_>) -> Vec<(String, Type)> {
    let Expression::ObjectExpression(object) = expression.get_inner_expression() else { return Vec::new() };
    let members = object.properties.iter().filter_map(|property| match property {
        ObjectPropertyKind::ObjectProperty(property) => {
            let name = property.key.static_name()?;
            let known = inference.of(&property.value);
            (known != Type::ANY).then(|| (name.to_string(), known))
        }
        ObjectPropertyKind::SpreadProperty(_) => None,
    });
    members.collect()
}

/// The type that a variable or parameter is annotated with.
pub(in crate::compile) fn annotated(annotation: Option<&TSTypeAnnotation<'_>>) -> Option<Type> {
    annotation.map(|annotation| written(&annotation.type_annotation))
}
