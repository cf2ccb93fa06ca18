//! `util.authType`: which authorization a request used, read from the shape of `ctx.identity`.
//!
//! The service derives it in the same way (recorded): an identity that lacks a member of its kind counts as an API key's.

use value::Value;

use crate::Utility;

pub(crate) const TABLE: &[Utility] = &[Utility::both("authType", |session, _| Ok(auth_type(&session.identity).into()))];

fn auth_type(identity: &Value) -> &'static str {
    let Some(object) = identity.as_object() else { return "API Key Authorization" };
    let has = |keys: &[&str]| keys.iter().all(|key| object.get(key).is_some_and(|value| !value.is_null()));
    if object.keys().all(|key| &**key == "resolverContext") {
        "Lambda Authorization"
    } else if has(&["accountId", "userArn", "username", "sourceIp"]) {
        "IAM Authorization"
    } else if has(&["sub", "issuer", "claims", "username", "sourceIp", "defaultAuthStrategy"]) {
        "User Pool Authorization"
    } else if object.len() == 3 && has(&["sub", "issuer", "claims"]) {
        "Open ID Connect Authorization"
    } else {
        "API Key Authorization"
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn the_shape_decides() {
        for (identity, expected) in [
            (Value::Null, "API Key Authorization"),
            (value!({}), "Lambda Authorization"),
            (value!({"resolverContext": {"a": 1}}), "Lambda Authorization"),
            (value!({"accountId": "1", "userArn": "a", "username": "u", "sourceIp": ["1.2.3.4"]}), "IAM Authorization"),
            (value!({"accountId": "1", "userArn": "a", "username": "u", "sourceIp": null}), "API Key Authorization"),
            (value!({"sub": "s", "issuer": "i", "claims": {}}), "Open ID Connect Authorization"),
            (value!({"sub": "s", "issuer": "i", "claims": {}, "username": "u"}), "API Key Authorization"),
        ] {
            assert_eq!(auth_type(&identity), expected, "{identity}");
        }
    }
}
