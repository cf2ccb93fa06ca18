//! What no request may do: overflow a stack of the engine or burn unbounded time.
//!
//! [`check`] looks at a request once, without recursion, and refuses in DynamoDB's own words what a recursive parser or walk
//! behind it could not carry: values nested far beyond the limit of 32 levels, expressions with more than 300 operators,
//! document paths of more than 32 elements, requests of more than 16 MiB. Borderline cases are left to who answers, which knows
//! each operation's own wording; the limits of length (4,096 bytes of an expression, 8,192 characters of a statement) as well,
//! because they are looked at before anything is parsed.
//!
//! [Limits](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)

use value::{Iter, Value};

use crate::{Operation, ServiceError};

/// The largest request, in bytes: the service's limit for a request body.
const MAX_REQUEST_BYTES: usize = 16 << 20;

/// Above the service's 32, because where exactly a level begins to count differs among operations.
const NESTING: usize = 34;

/// Operators and functions in an expression.
const MAX_OPERATORS: usize = 300;

/// Elements of a document path.
const MAX_PATH: usize = 32;

/// The longest expression, in bytes.
const MAX_EXPRESSION: usize = 4_096;

/// The longest name of an attribute, in bytes.
const MAX_NAME: usize = 65_535;
const LONG_NAME: &str = "Attribute name is too large, must be less than 65536 bytes";

/// The functions of expressions; their names are case-sensitive.
const FUNCTIONS: [&str; 8] = [
    "attribute_exists",
    "attribute_not_exists",
    "attribute_type",
    "begins_with",
    "contains",
    "size",
    "if_not_exists",
    "list_append",
];

/// How deeply a statement may be nested; what the service takes ends far below.
const MAX_STATEMENT_NESTING: usize = 300;

/// Refuses a request that must not reach a parser.
///
/// # Errors
/// A `ValidationException` with DynamoDB's message, without a request id.
pub(crate) fn check(operation: Operation, request: &Value) -> Result<(), ServiceError> {
    let mut bytes = 0_usize;
    let mut open = Vec::with_capacity(16);
    open.extend(Level::enter(request, Kind::Structure, 0));
    while let Some(level) = open.last_mut() {
        let Some((name, value)) = level.members.next() else {
            open.pop();
            continue;
        };
        let (kind, depth) = level.kind.member(name, level.depth);
        let level_of_names = level.kind == Kind::Attributes;
        bytes += name.len() + 4;
        if let Value::String(text) = value {
            bytes += text.len();
            match kind {
                Kind::Structure => check_text(name, text).map_err(invalid)?,
                Kind::Names if text.len() > MAX_NAME => return Err(invalid(LONG_NAME.to_owned())),
                _ => {}
            }
        }
        if bytes > MAX_REQUEST_BYTES {
            let message = format!("Request size exceeded the limit of {MAX_REQUEST_BYTES} bytes");
            return Err(ServiceError::new("RequestEntityTooLarge", message, 413, ""));
        }
        if level_of_names && name.len() > MAX_NAME {
            return Err(invalid(LONG_NAME.to_owned()));
        }
        if depth > NESTING {
            return Err(nesting(operation));
        }
        open.extend(Level::enter(value, kind, depth));
    }
    Ok(())
}

fn nesting(operation: Operation) -> ServiceError {
    const SENTENCE: &str = "Nesting Levels have exceeded supported limits";
    const ATTRIBUTES: &str = "Attributes in the item have nested levels beyond supported limit";
    match operation {
        Operation::ExecuteStatement | Operation::BatchExecuteStatement | Operation::ExecuteTransaction => {
            invalid(SENTENCE.to_owned())
        }
        _ => invalid(format!("{SENTENCE}: {ATTRIBUTES}")),
    }
}

fn invalid(message: String) -> ServiceError {
    ServiceError::new("ValidationException", message, 400, "")
}

/// What a place in a request holds, as far as nesting is concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// A structure of the API, or a list of them.
    Structure,
    /// Names of the caller's with structures: tables, legacy conditions.
    Structures,
    /// Names of the caller's with attribute values, or a list of such maps.
    Attributes,
    /// Aliases with names of attributes.
    Names,
    /// An attribute value, or a list of them outside any value.
    Attribute,
    /// The list in `{"L": []}`.
    List,
}

impl Kind {
    /// What a member is and how many attribute levels are around it.
    fn member(self, name: &str, depth: usize) -> (Self, usize) {
        match self {
            Self::Structure => match name {
                "" => (Self::Structure, depth),
                "Item" | "Key" | "Keys" | "ExpressionAttributeValues" | "ExclusiveStartKey" => (Self::Attributes, depth),
                "ExpressionAttributeNames" => (Self::Names, depth),
                "Value" | "AttributeValueList" | "Parameters" => (Self::Attribute, depth),
                "RequestItems" | "Expected" | "AttributeUpdates" | "KeyConditions" | "QueryFilter" | "ScanFilter" => {
                    (Self::Structures, depth)
                }
                _ => (Self::Structure, depth),
            },
            Self::Structures => (Self::Structure, depth),
            Self::Names => (Self::Names, depth),
            // No name: an item of a list of such maps.
            Self::Attributes if name.is_empty() => (Self::Attributes, depth),
            Self::Attributes => (Self::Attribute, depth),
            Self::Attribute => match name {
                "" => (Self::Attribute, depth),
                "L" => (Self::List, depth + 1),
                "M" => (Self::Attributes, depth + 1),
                // No type of DynamoDB's; counted all the same.
                _ => (Self::Attribute, depth + 1),
            },
            Self::List => (Self::Attribute, depth),
        }
    }
}

struct Level<'a> {
    members: Members<'a>,
    kind: Kind,
    depth: usize,
}

enum Members<'a> {
    List(std::slice::Iter<'a, Value>),
    Object(Iter<'a>),
}

impl<'a> Members<'a> {
    fn next(&mut self) -> Option<(&'a str, &'a Value)> {
        match self {
            Self::List(items) => items.next().map(|item| ("", item)),
            Self::Object(members) => members.next().map(|(name, value)| (&**name, value)),
        }
    }
}

impl<'a> Level<'a> {
    fn enter(value: &'a Value, kind: Kind, depth: usize) -> Option<Self> {
        let members = match value {
            Value::List(items) => Members::List(items.iter()),
            Value::Object(object) => Members::Object(object.iter()),
            _ => return None,
        };
        Some(Self { members, kind, depth })
    }
}

fn check_text(name: &str, text: &str) -> Result<(), String> {
    match name {
        "ConditionExpression" | "FilterExpression" | "KeyConditionExpression" | "ProjectionExpression" | "UpdateExpression" => {
            check_expression(name, text)
        }
        "Statement" => check_statement(text),
        _ => Ok(()),
    }
}

/// Refuses an expression with too many operators or too long a path. Short ones cannot have either.
fn check_expression(name: &str, text: &str) -> Result<(), String> {
    // Beyond this length the answer is a refusal that needs no parser.
    if text.len() > MAX_EXPRESSION {
        return Ok(());
    }
    check_functions(name, text)?;
    if text.len() <= 2 * MAX_PATH {
        return Ok(());
    }
    let (mut operators, mut path, mut nesting, mut deepest) = (0_usize, 1_usize, 0_usize, 0_usize);
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'.' | b'[' => {
                path += 1;
                if path > MAX_PATH {
                    let levels = path + count_rest(&bytes[at..]);
                    return Err(format!(
                        "Invalid {name}: The document path has too many nesting levels; nesting levels: {levels}"
                    ));
                }
            }
            b']' | b' ' | b'\t' | b'\n' | b'\r' | b'#' | b':' => {}
            b'<' | b'>' | b'=' => {
                operators += 1;
                path = 1;
                at += usize::from(matches!((byte, bytes.get(at)), (b'<', Some(b'>' | b'=')) | (b'>', Some(b'='))));
            }
            b'(' => {
                nesting += 1;
                deepest = deepest.max(nesting);
                path = 1;
            }
            b')' => {
                nesting = nesting.saturating_sub(1);
                path = 1;
            }
            b'+' | b'-' => {
                operators += 1;
                path = 1;
            }
            _ if is_word(byte) => {
                let start = at - 1;
                while bytes.get(at).copied().is_some_and(is_word) {
                    at += 1;
                }
                let before = bytes[..start].iter().rev().find(|byte| !byte.is_ascii_whitespace());
                // A word that continues a path (`a.b`, `a[0]`) is none of its own.
                if !matches!(before, Some(b'.' | b'[' | b'#' | b':')) {
                    path = 1;
                    let word = &text[start..at];
                    let called = bytes[at..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'(');
                    let keyword = ["AND", "OR", "NOT", "BETWEEN", "IN"].iter().any(|known| word.eq_ignore_ascii_case(known));
                    operators += usize::from(keyword || called);
                } else if matches!(before, Some(b'#' | b':')) {
                    let earlier = bytes[..start].iter().rev().skip_while(|byte| byte.is_ascii_whitespace()).nth(1);
                    if earlier != Some(&b'.') {
                        path = 1;
                    }
                }
            }
            _ => path = 1,
        }
    }
    if operators > MAX_OPERATORS {
        return Err(format!("Invalid {name}: The expression contains too many operators; operator count: {operators}"));
    }
    if deepest > MAX_OPERATORS {
        // More parentheses than operators they could be around.
        return Err(format!("Invalid {name}: The expression has redundant parentheses;"));
    }
    Ok(())
}

/// Refuses functions that are written with capitals, which the engine would accept.
fn check_functions(name: &str, text: &str) -> Result<(), String> {
    for (at, _) in text.match_indices('(') {
        let before = text[..at].trim_end();
        let start = before.bytes().rev().take_while(|&byte| is_word(byte)).count();
        let word = &before[before.len() - start..];
        let capitals = word.bytes().any(|byte| byte.is_ascii_uppercase());
        if capitals && FUNCTIONS.iter().any(|function| word.eq_ignore_ascii_case(function)) {
            return Err(format!("Invalid {name}: Invalid function name; function: {word}"));
        }
    }
    Ok(())
}

/// How many further elements the path has whose too many elements were just found.
fn count_rest(rest: &[u8]) -> usize {
    rest.iter()
        .take_while(|&&byte| is_word(byte) || matches!(byte, b'.' | b'[' | b']' | b'#'))
        .filter(|&&byte| matches!(byte, b'.' | b'['))
        .count()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Refuses a PartiQL statement whose brackets are nested too deeply; what is in quotes does not count.
fn check_statement(text: &str) -> Result<(), String> {
    if text.len() <= MAX_STATEMENT_NESTING {
        return Ok(());
    }
    let (mut nesting, mut quote) = (0_usize, None);
    for byte in text.bytes() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(' | b'[' | b'{' | b'<') => {
                nesting += 1;
                if nesting > MAX_STATEMENT_NESTING && !matches!(byte, b'<') {
                    return Err("Statement wasn't well formed, can't be processed: the statement is nested too deeply".to_owned());
                }
            }
            (None, b')' | b']' | b'}') => nesting = nesting.saturating_sub(1),
            (None, b'>') => nesting = nesting.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use value::{Object, value};

    use super::*;

    fn nested(kind: &str, levels: usize) -> Value {
        let mut value = value!({"S": "x"});
        for _ in 0..levels {
            let inside = if kind == "L" { Value::from(vec![value]) } else { value!({"M": value}) };
            let mut object = Object::new();
            object.insert(kind, inside);
            value = object.into();
        }
        value
    }

    fn refusal(operation: Operation, request: &Value) -> String {
        check(operation, request).map_or_else(|error| error.message, |()| String::new())
    }

    #[test]
    fn nesting_counts_levels_of_values_wherever_they_stand() {
        type Place = fn(Value) -> Value;
        let places: [(Operation, Place); 9] = [
            (Operation::PutItem, |value| value!({"Item": {"a": value}})),
            (Operation::GetItem, |value| value!({"Key": {"L": value}})),
            (Operation::Query, |value| value!({"ExpressionAttributeValues": {":M": value}})),
            (Operation::Scan, |value| value!({"ExclusiveStartKey": {"a": value}})),
            (Operation::ExecuteStatement, |value| value!({"Parameters": [value]})),
            (Operation::UpdateItem, |value| value!({"AttributeUpdates": {"Item": {"Value": value}}})),
            (Operation::BatchWriteItem, |value| value!({"RequestItems": {"Key": [{"PutRequest": {"Item": {"M": value}}}]}})),
            (Operation::BatchGetItem, |value| value!({"RequestItems": {"Item": {"Keys": [{"a": value}]}}})),
            (Operation::Query, |value| value!({"KeyConditions": {"a": {"AttributeValueList": [value]}}})),
        ];
        for (operation, place) in places {
            for kind in ["L", "M"] {
                assert_eq!(refusal(operation, &place(nested(kind, 32))), "", "{operation:?} {kind}");
                let message = refusal(operation, &place(nested(kind, 60)));
                assert!(message.contains("Nesting Levels have exceeded supported limits"), "{operation:?} {kind}: {message}");
            }
        }
    }

    #[test]
    fn expressions_are_bounded_in_operators_and_paths() {
        let many = |count: usize| vec!["a = :b"; count].join(" OR ");
        let cases = [
            (many(150), ""),
            (many(151), "The expression contains too many operators; operator count: 301"),
            (format!("{}attribute_exists(a)", "NOT ".repeat(299)), ""),
            (
                format!("{}attribute_exists(a)", "NOT ".repeat(1_000)),
                "The expression contains too many operators; operator count: 1001",
            ),
            ("(".repeat(4_096), "The expression has redundant parentheses;"),
            (format!("a{} = :b", ".b".repeat(31)), ""),
            (format!("#a{} = :b", ".#b".repeat(31)), ""),
            (format!("a{} = :b", ".b".repeat(32)), "The document path has too many nesting levels; nesting levels: 33"),
            (format!("a{} = :b", "[0]".repeat(1_000)), "The document path has too many nesting levels; nesting levels: 1001"),
            (format!("size(a{}) > :b AND c{} < :d", ".b".repeat(30), ".#e[1]".repeat(15)), ""),
            ((0..60).map(|n| format!("a.b{n}.c")).collect::<Vec<_>>().join(", "), ""),
            ((0..60).map(|n| format!("#a.#b{n}.#c")).collect::<Vec<_>>().join(", "), ""),
            ((0..60).map(|n| format!("#a{n}")).collect::<Vec<_>>().join(" , "), ""),
            ((0..60).map(|n| format!("a[{n}]")).collect::<Vec<_>>().join(" , "), ""),
        ];
        for name in
            ["ConditionExpression", "FilterExpression", "KeyConditionExpression", "ProjectionExpression", "UpdateExpression"]
        {
            for (text, expected) in &cases {
                let expected = if expected.is_empty() { String::new() } else { format!("Invalid {name}: {expected}") };
                let mut request = Object::new();
                request.insert(name, text.as_str());
                assert_eq!(refusal(Operation::Query, &request.into()), expected, "{}", &text[..text.len().min(80)]);
            }
        }
    }

    #[test]
    fn expressions_are_found_inside_transactions() {
        let condition = "NOT ".repeat(400) + "a = :b";
        let request = value!({"TransactItems": [{"ConditionCheck": {"ConditionExpression": condition}}]});
        assert!(refusal(Operation::TransactWriteItems, &request).contains("operator count: 401"));
        // An attribute of that name is data.
        let request = value!({"Item": {"ConditionExpression": {"S": ("NOT ".repeat(400))}}});
        assert_eq!(refusal(Operation::PutItem, &request), "");
    }

    #[test]
    fn statements_are_bounded_in_nesting_outside_quotes() {
        let statement = |text: String| value!({"Statement": text});
        assert_eq!(
            refusal(Operation::ExecuteStatement, &statement(format!("SELECT * FROM t WHERE a = '{}'", "(".repeat(900)))),
            ""
        );
        for open in ["(", "[", "{'a':"] {
            let refused = refusal(Operation::ExecuteStatement, &statement(open.repeat(1_000)));
            assert!(refused.contains("nested too deeply"), "{open}: {refused}");
            let batch = value!({"Statements": [{"Statement": (open.repeat(1_000))}]});
            assert!(refusal(Operation::BatchExecuteStatement, &batch).contains("nested too deeply"));
        }
    }

    #[test]
    fn requests_are_bounded_in_bytes() {
        let request = |bytes: usize| value!({"Item": {"a": {"S": ("x".repeat(bytes))}}});
        assert_eq!(refusal(Operation::PutItem, &request(1 << 20)), "");
        assert!(refusal(Operation::PutItem, &request(MAX_REQUEST_BYTES)).contains("exceeded the limit of 16777216 bytes"));
        let many: Value = (0..3_000_000).map(|_| Value::Null).collect();
        assert!(refusal(Operation::PutItem, &value!({"Item": {"a": {"L": many}}})).is_empty());
        let many: Value = (0..5_000_000).map(|_| Value::Null).collect();
        assert!(!refusal(Operation::PutItem, &value!({"Item": {"a": {"L": many}}})).is_empty());
    }
}
