//! What the function said: `{isAuthorized, resolverContext, deniedFields, ttlOverride}`, read strictly. A member that says something
//! else than it can mean makes the whole answer worthless: half an answer could let in more than its author meant.

use std::sync::Arc;
use std::time::Duration;

use value::{Object, Str, Value};

use super::LambdaIdentity;

/// The largest `resolverContext` (developer guide), in bytes of JSON.
const LARGEST_CONTEXT: usize = 5 << 20;
/// How the ARN of a field begins.
const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];

/// Yes or no.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// `isAuthorized` is true.
    Admitted(Arc<LambdaIdentity>),
    /// `isAuthorized` is false.
    Refused,
    /// There is no `isAuthorized`, as in `{}`.
    Silent,
}

impl Answer {
    /// Whether the function said nothing at all, which is a fault of its code rather than a judgement.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self, Self::Silent)
    }
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) answer: Answer,
    /// `ttlOverride`
    pub(super) ttl: Option<Duration>,
    /// The first member that has no meaning.
    pub(super) unknown: Option<String>,
}

impl Said {
    /// Reads an answer for the API with that id; a text says what makes no sense, without repeating what might be secret.
    pub(super) fn read(payload: &[u8], api_id: &str) -> Result<Self, String> {
        let value = if payload.iter().all(u8::is_ascii_whitespace) {
            Value::Null
        } else {
            Value::parse(payload).map_err(|error| format!("it is not JSON: {error}"))?
        };
        let Value::Object(members) = &value else {
            if value.is_null() {
                return Ok(Self { answer: Answer::Silent, ttl: None, unknown: None });
            }
            return Err(format!("it is not an object but {}", value.kind()));
        };
        let member = |name: &str| members.get(name).filter(|value| !value.is_null());
        let is_authorized = match member("isAuthorized") {
            None => None,
            Some(Value::Bool(is_authorized)) => Some(*is_authorized),
            Some(other) => return Err(format!("isAuthorized is not a boolean but {}", other.kind())),
        };
        let ttl = member("ttlOverride").map(seconds).transpose()?;
        let denied_fields = member("deniedFields").map(|fields| denied_fields(fields, api_id)).transpose()?;
        let context = member("resolverContext").map(|context| resolver_context(context, payload.len())).transpose()?;
        let answer = match is_authorized {
            None => Answer::Silent,
            Some(false) => Answer::Refused,
            Some(true) => Answer::Admitted(Arc::new(LambdaIdentity::new(
                context.cloned().unwrap_or_else(|| Object::new().into()),
                denied_fields.unwrap_or_default(),
            ))),
        };
        let known = ["isAuthorized", "resolverContext", "deniedFields", "ttlOverride"];
        let unknown = members.iter().map(|(name, _)| &**name).find(|name| !known.contains(name)).map(str::to_owned);
        Ok(Self { answer, ttl, unknown })
    }
}

/// Whole seconds.
fn seconds(value: &Value) -> Result<Duration, String> {
    let seconds = value.as_i64().and_then(|seconds| u64::try_from(seconds).ok());
    seconds.map(Duration::from_secs).ok_or_else(|| format!("ttlOverride is not a number of seconds but {}", value.kind()))
}

/// A map of strings, numbers and booleans: nested members are not supported.
fn resolver_context(context: &Value, answer: usize) -> Result<&Value, String> {
    let Value::Object(members) = context else {
        return Err(format!("resolverContext is not an object but {}", context.kind()));
    };
    for (_, value) in members.iter() {
        if matches!(value, Value::Object(_) | Value::List(_)) {
            return Err(format!("resolverContext has a member that is {}: only strings, numbers and booleans", value.kind()));
        }
    }
    if answer > LARGEST_CONTEXT && context.to_json().len() > LARGEST_CONTEXT {
        return Err(format!("resolverContext is larger than {LARGEST_CONTEXT} bytes"));
    }
    Ok(context)
}

/// Types and fields of this API.
fn denied_fields(fields: &Value, api_id: &str) -> Result<Vec<(Str, Str)>, String> {
    let Some(fields) = fields.as_list() else {
        return Err(format!("deniedFields is not a list but {}", fields.kind()));
    };
    let mut denied = Vec::with_capacity(fields.len());
    for (at, field) in fields.iter().enumerate() {
        let read = field.as_str().and_then(|text| if text.starts_with("arn:") { read_arn(text) } else { read_short(text) });
        let Some(read) = read else {
            return Err(format!(
                "deniedFields[{at}] is neither Type.field nor arn:aws:appsync:REGION:ACCOUNT:apis/ID/types/Type/fields/field"
            ));
        };
        // Functions that APIs share say by ARN which of them they mean; region and account of a local API need not be right.
        if read.api_id.is_none_or(|named| named == api_id) {
            denied.push((read.type_name.into(), read.field_name.into()));
        }
    }
    Ok(denied)
}

/// A field that is not to be read.
struct Denied<'a> {
    /// Whose field it is; `None` is whoever asks.
    api_id: Option<&'a str>,
    type_name: &'a str,
    field_name: &'a str,
}

fn read_short(text: &str) -> Option<Denied<'_>> {
    let (type_name, field_name) = text.split_once('.')?;
    (is_name(type_name) && is_name(field_name)).then_some(Denied { api_id: None, type_name, field_name })
}

fn read_arn(text: &str) -> Option<Denied<'_>> {
    let parts: Vec<&str> = text.split(':').collect();
    let &["arn", partition, "appsync", region, account, resource] = parts.as_slice() else { return None };
    let parts: Vec<&str> = resource.split('/').collect();
    let &["apis", api_id, "types", type_name, "fields", field_name] = parts.as_slice() else { return None };
    let plain =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let sound = PARTITIONS.contains(&partition)
        && [region, account, api_id].into_iter().all(plain)
        && is_name(type_name)
        && is_name(field_name);
    sound.then_some(Denied { api_id: Some(api_id), type_name, field_name })
}

/// A name of GraphQL's; wildcards are none.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
