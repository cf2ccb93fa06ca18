//! Codes that are sent to users, and where they go.

use value::{Value, value};

use crate::error::{ApiError, ErrorType};
use crate::pool::{Code, Medium, Message, MessagePurpose, UserPool};
use crate::random;
use crate::state::User;

/// Wrong answers to one code.
const MAX_ATTEMPTS: u32 = 5;
const HOUR: i64 = 3600;

/// How an attribute is reached.
fn medium(attribute: &str) -> Medium {
    if attribute == "phone_number" { Medium::Sms } else { Medium::Email }
}

/// How long a code of that purpose is good (developer guide: a day, and an hour to reset a password).
fn validity(purpose: MessagePurpose) -> i64 {
    if purpose == MessagePurpose::ForgotPassword { HOUR } else { 24 * HOUR }
}

fn code_key(key: &str, purpose: MessagePurpose, attribute: &str) -> String {
    match purpose {
        // A user may verify address and number at the same time.
        MessagePurpose::VerifyAttribute => format!("{purpose:?} {attribute} {key}"),
        _ => format!("{purpose:?} {key}"),
    }
}

/// Makes and sends a code. The answer is the `CodeDeliveryDetails`.
pub(super) fn send(pool: &UserPool, key: &str, user: &User, purpose: MessagePurpose, attribute: &'static str) -> Value {
    let destination = user.attribute(attribute).unwrap_or_default();
    let code = random::digits();
    pool.codes.insert(
        code_key(key, purpose, attribute),
        Code { code: code.clone(), attribute, attempts: 0 },
        pool.now().saturating_add(validity(purpose)),
    );
    pool.send(&Message {
        pool: pool.id().to_owned(),
        username: user.username.clone(),
        purpose,
        medium: medium(attribute),
        destination: destination.to_owned(),
        secret: code,
    });
    details(attribute, destination)
}

/// What a user who does not exist would be told.
pub(super) fn pretended_details(username: &str) -> Value {
    let letter = |part: usize| char::from(b'a' + random::sha256(username.as_bytes())[part] % 26);
    let typed = Some(username).filter(|text| crate::policy::is_email(text));
    details("email", typed.unwrap_or(&format!("{}@{}", letter(0), letter(1))))
}

fn details(attribute: &str, destination: &str) -> Value {
    let (medium, masked) = match medium(attribute) {
        Medium::Email => {
            let (local, domain) = destination.split_once('@').unwrap_or((destination, ""));
            let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
            ("EMAIL", format!("{}***@{}***", first(local), first(domain)))
        }
        Medium::Sms => {
            let digits: Vec<char> = destination.chars().skip(1).collect();
            let shown: String = digits[digits.len().saturating_sub(4)..].iter().collect();
            ("SMS", format!("+{}{shown}", "*".repeat(digits.len().saturating_sub(4))))
        }
    };
    value!({ "AttributeName": attribute, "DeliveryMedium": medium, "Destination": masked })
}

/// Checks a code. The answer is the attribute that it was sent to; a right code is used up.
pub(super) fn check(
    pool: &UserPool,
    key: &str,
    purpose: MessagePurpose,
    attribute: &str,
    given: &str,
) -> Result<&'static str, ApiError> {
    let code_key = code_key(key, purpose, attribute);
    let answer = pool.codes.with(&code_key, pool.now(), |code| {
        if code.attempts >= MAX_ATTEMPTS {
            return Err(ApiError::new(ErrorType::LimitExceededException, "Attempt limit exceeded, please try after some time."));
        }
        if !random::same(code.code.as_bytes(), given.as_bytes()) {
            code.attempts += 1;
            return Err(ApiError::code_mismatch());
        }
        // Of two requests with the right code at once, one comes too late.
        code.attempts = MAX_ATTEMPTS;
        Ok(code.attribute)
    });
    let attribute = answer.unwrap_or_else(|| Err(ApiError::code_expired()))?;
    pool.codes.remove(&code_key);
    Ok(attribute)
}
