//! Reads policy documents, and refuses what they say that is not evaluated here.

use value::{Object, Value};

use crate::pattern::{ActionPattern, ResourcePattern};
use crate::{Effect, Policy, Statement};

/// The elements of a statement that would change a decision and are not evaluated.
const NOT_EVALUATED: [&str; 4] = ["Condition", "NotAction", "NotResource", "NotPrincipal"];

/// What is wrong with a policy document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct PolicyFault {
    /// Where, as a path of elements: `Statement[0].Action`.
    pub place: String,
    /// What.
    pub message: String,
}

impl Policy {
    /// Reads a document: an object with `Version` and `Statement`.
    ///
    /// # Errors
    /// Everything in it that is wrong, or that cannot be evaluated.
    pub fn read(document: &Value) -> Result<Self, Vec<PolicyFault>> {
        let mut faults = Faults(Vec::new());
        let statements = policy(document, &mut faults);
        if faults.0.is_empty() { Ok(Self { statements }) } else { Err(faults.0) }
    }
}

struct Faults(Vec<PolicyFault>);

impl Faults {
    fn add(&mut self, place: &str, message: impl Into<String>) {
        self.0.push(PolicyFault { place: place.to_owned(), message: message.into() });
    }
}

fn policy(document: &Value, faults: &mut Faults) -> Vec<Statement> {
    let Value::Object(document) = document else {
        faults.add("policy", format!("must be an object, found {}", document.kind()));
        return Vec::new();
    };
    for (name, value) in document.iter() {
        match (&**name, value) {
            ("Version", version) => match version.as_str() {
                Some("2012-10-17" | "2008-10-17") => {}
                _ => faults.add("Version", format!("must be \"2012-10-17\", not {version}")),
            },
            ("Id" | "Statement", _) => {}
            (other, _) => faults.add(other, "is no element of a policy: there are Version, Id and Statement"),
        }
    }
    match document.get("Statement") {
        None => {
            faults.add("Statement", "is missing: a policy has at least one");
            Vec::new()
        }
        Some(Value::List(items)) => {
            let read = |(at, item)| statement(item, &format!("Statement[{at}]"), faults);
            items.iter().enumerate().filter_map(read).collect()
        }
        Some(single) => statement(single, "Statement", faults).into_iter().collect(),
    }
}

fn statement(value: &Value, place: &str, faults: &mut Faults) -> Option<Statement> {
    let Value::Object(value) = value else {
        faults.add(place, format!("must be an object, found {}", value.kind()));
        return None;
    };
    for name in value.keys() {
        let at = format!("{place}.{name}");
        match &**name {
            "Sid" | "Effect" | "Action" | "Resource" => {}
            "Principal" => faults.add(&at, "belongs into resource-based policies; the caller is who has this policy"),
            name if NOT_EVALUATED.contains(&name) => {
                faults.add(&at, "is not evaluated here, and without it the policy would mean something else; write it with Action and Resource");
            }
            _ => faults.add(&at, "is no element of a statement: there are Sid, Effect, Action and Resource"),
        }
    }
    let effect = match value.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Some(Effect::Allow),
        Some("Deny") => Some(Effect::Deny),
        _ => {
            faults.add(&format!("{place}.Effect"), "must be \"Allow\" or \"Deny\"");
            None
        }
    };
    let actions = texts(value, "Action", place, faults, |text, at, faults| {
        let pattern = ActionPattern::read(text);
        if pattern.is_none() {
            faults.add(at, format!("must be an action like \"appsync:GraphQL\", or \"*\", not {}", Value::from(text)));
        }
        pattern
    });
    let resources = texts(value, "Resource", place, faults, |text, at, faults| {
        if text.contains("${") {
            faults.add(at, "has a policy variable (${…}), which is not evaluated here");
            return None;
        }
        let pattern = ResourcePattern::read(text);
        if pattern.is_none() {
            faults.add(at, format!("must be an ARN or \"*\", not {}", Value::from(text)));
        }
        pattern
    });
    Some(Statement { effect: effect?, actions, resources })
}

/// The patterns of an element that is one text or a list of them.
fn texts<P>(
    statement: &Object,
    name: &str,
    place: &str,
    faults: &mut Faults,
    read: impl Fn(&str, &str, &mut Faults) -> Option<P>,
) -> Vec<P> {
    let place = format!("{place}.{name}");
    let items = match statement.get(name) {
        Some(Value::List(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => {
            faults.add(&place, "is missing");
            return Vec::new();
        }
    };
    let mut patterns = Vec::with_capacity(items.len());
    for item in items {
        match item.as_str() {
            Some(text) => patterns.extend(read(text, &place, faults)),
            None => faults.add(&place, format!("must be a text or a list of texts, found {}", item.kind())),
        }
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_evaluated_wrongly_is_refused_with_its_place() {
        for (document, faults) in [
            ("[]", "policy: must be an object, found list"),
            ("{}", "Statement: is missing: a policy has at least one"),
            (r#"{"Version":"2013","Statement":[]}"#, r#"Version: must be "2012-10-17", not "2013""#),
            (r#"{"statement":[],"Statement":[]}"#, "statement: is no element of a policy: there are Version, Id and Statement"),
            (r#"{"Statement":[1]}"#, "Statement[0]: must be an object, found number"),
            (
                r#"{"Statement":{"Effect":"allow","Action":"appsync:GraphQL","Resource":"*"}}"#,
                r#"Statement.Effect: must be "Allow" or "Deny""#,
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":["appsync:GraphQL",1],"Resource":"apis/x"}]}"#,
                "Statement[0].Action: must be a text or a list of texts, found number; Statement[0].Resource: must be an ARN or \"*\", not \"apis/x\"",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}]}"#,
                "Statement[0].NotAction: is not evaluated here, and without it the policy would mean something else; write it with Action and Resource; \
                 Statement[0].Action: is missing",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}]}"#,
                "Statement[0].Condition: is not evaluated here, and without it the policy would mean something else; write it with Action and Resource",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:appsync:*:*:apis/${aws:username}/*"}]}"#,
                "Statement[0].Resource: has a policy variable (${…}), which is not evaluated here",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}]}"#,
                "Statement[0].Principal: belongs into resource-based policies; the caller is who has this policy",
            ),
        ] {
            let found = Policy::read(&Value::parse(document.as_bytes()).expect("JSON")).expect_err(document);
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found.join("; "), faults, "{document}");
        }
    }
}
