//! JSON Web Tokens in the one form that a pool writes: compact, RS256. Reading serves only the pool's own tokens, when they come
//! back as an `AccessToken`; a server that checks tokens of any issuer has its own verifier.

use value::{Object, Value};

use crate::key::SigningKey;
use crate::random;

/// Longer tokens are not read.
const MAX_LENGTH: usize = 64 * 1024;

/// Signs claims.
pub(crate) fn sign(key: &SigningKey, claims: Object) -> String {
    let mut header = Object::new();
    header.insert("kid", key.id());
    header.insert("alg", "RS256");
    let mut token = random::base64_url(Value::from(header).to_json().as_bytes());
    token.push('.');
    token.push_str(&random::base64_url(Value::from(claims).to_json().as_bytes()));
    let signature = key.sign(token.as_bytes());
    token.push('.');
    token.push_str(&random::base64_url(&signature));
    token
}

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// It is no token of this form.
    Malformed,
    /// This key did not sign it.
    Signature,
}

/// The claims of a token, unverified: only to find the pool whose key verifies it.
pub(crate) fn unverified_claims(token: &str) -> Option<Value> {
    if token.len() > MAX_LENGTH {
        return None;
    }
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = parts.next().is_none().then(|| random::from_base64_url(claims)).flatten()?;
    Value::parse(&claims).ok().filter(|claims| claims.as_object().is_some())
}

/// The claims of a token that `key` signed. Expiry and everything else is for the caller to judge.
pub(crate) fn verify(key: &SigningKey, token: &str) -> Result<Value, TokenError> {
    let claims = unverified_claims(token).ok_or(TokenError::Malformed)?;
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let header = signed.split('.').next().and_then(random::from_base64_url).and_then(|header| Value::parse(&header).ok());
    // The header is signed as well; it is compared so that a token can claim nothing that the pool never writes.
    let expected = header.as_ref().is_some_and(|header| {
        header.get("alg").and_then(Value::as_str) == Some("RS256") && header.get("kid").and_then(Value::as_str) == Some(key.id())
    });
    let signature = random::from_base64_url(signature).ok_or(TokenError::Malformed)?;
    if expected && key.verify(signed.as_bytes(), &signature) { Ok(claims) } else { Err(TokenError::Signature) }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn only_an_untouched_token_of_the_same_key_is_accepted() {
        let key = SigningKey::generate();
        let claims = value!({"sub": "1", "exp": 1});
        let token = sign(&key, claims.as_object().cloned().expect("an object"));
        assert_eq!(verify(&key, &token), Ok(claims));
        let parts: Vec<&str> = token.split('.').collect();
        let none = random::base64_url(br#"{"alg":"none"}"#);
        let other = random::base64_url(br#"{"sub":"2","exp":1}"#);
        for (token, expected) in [
            (String::new(), TokenError::Malformed),
            ("a.b.c".to_owned(), TokenError::Malformed),
            (format!("{}.{}", parts[0], parts[1]), TokenError::Malformed),
            (format!("{token}.x"), TokenError::Malformed),
            (format!("{}.{other}.{}", parts[0], parts[2]), TokenError::Signature),
            (format!("{none}.{}.", parts[1]), TokenError::Signature),
            (format!("{}.{}.", parts[0], parts[1]), TokenError::Signature),
            (format!("{token}="), TokenError::Malformed),
            ("x".repeat(MAX_LENGTH + 1), TokenError::Malformed),
        ] {
            assert_eq!(verify(&key, &token), Err(expected), "{token}");
        }
        assert_eq!(verify(&SigningKey::generate(), &token), Err(TokenError::Signature));
    }
}
