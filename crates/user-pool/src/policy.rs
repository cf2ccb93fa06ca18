//! Rules of names, attributes and passwords, with Cognito's texts for what breaks them.

use std::collections::BTreeMap;

use crate::definition::{PoolDefinition, SignInAttribute};
use crate::error::{ApiError, ErrorType};

/// The standard attributes of OpenID Connect that a pool knows, without `sub`, and those Cognito adds.
const STANDARD_ATTRIBUTES: [&str; 19] = [
    "address",
    "birthdate",
    "email",
    "email_verified",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "phone_number_verified",
    "picture",
    "preferred_username",
    "profile",
    "updated_at",
    "website",
    "zoneinfo",
];

/// The longest value of an attribute (quotas page of the developer guide).
const MAX_ATTRIBUTE_VALUE: usize = 2048;

/// The custom attributes of a schema, at most (quotas page).
const MAX_CUSTOM_ATTRIBUTES: usize = 50;

/// What Cognito counts as a symbol in a password.
const SYMBOLS: &str = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- ";

/// Whether a text matches `[\p{L}\p{M}\p{S}\p{N}\p{P}]+` with at most 128 characters, close enough: no spaces, no control
/// characters.
pub(crate) fn is_username(text: &str) -> bool {
    (1..=128).contains(&text.chars().count())
        && !text.chars().any(|character| character.is_whitespace() || is_invisible(character))
}

/// Group names follow the same pattern.
pub(crate) fn is_group_name(text: &str) -> bool {
    is_username(text)
}

/// Control and format characters (Cc and the Cf that are used to disguise names), which no name may hold.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The key under which a user is kept: the name itself, or in lower case where the pool does not tell cases apart.
pub(crate) fn username_key(pool: &PoolDefinition, username: &str) -> String {
    if pool.case_sensitive { username.to_owned() } else { username.to_lowercase() }
}

/// Checks one attribute against the pool's schema.
pub(crate) fn check_attribute(pool: &PoolDefinition, name: &str, value: &str) -> Result<(), ApiError> {
    let known = if name.starts_with("custom:") {
        name.len() > 7 && name.len() <= 64 && pool.custom_attributes.as_ref().is_none_or(|declared| declared.contains(name))
    } else {
        STANDARD_ATTRIBUTES.contains(&name)
    };
    if !known {
        let shown: String = name.chars().filter(|character| !character.is_control()).take(64).collect();
        return Err(nonconforming(&format!("{shown}: Attribute does not exist in the schema.\n")));
    }
    if value.chars().count() > MAX_ATTRIBUTE_VALUE {
        return Err(nonconforming(&format!("{name}: String must be no longer than {MAX_ATTRIBUTE_VALUE} characters\n")));
    }
    match name {
        "email" if !is_email(value) => Err(ApiError::invalid("Invalid email address format.")),
        "phone_number" if !is_phone_number(value) => Err(ApiError::invalid("Invalid phone number format.")),
        "email_verified" | "phone_number_verified" if !matches!(value, "true" | "false") => {
            Err(nonconforming(&format!("{name}: must be true or false\n")))
        }
        _ => Ok(()),
    }
}

/// Checks all attributes of a user together: none is missing that every user must have, and there are no more than a schema holds.
pub(crate) fn check_all(pool: &PoolDefinition, attributes: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if attributes.keys().filter(|name| name.starts_with("custom:")).count() > MAX_CUSTOM_ATTRIBUTES {
        return Err(nonconforming(&format!("a schema has at most {MAX_CUSTOM_ATTRIBUTES} custom attributes\n")));
    }
    match pool.required_attributes.iter().find(|name| !attributes.contains_key(*name)) {
        Some(name) => Err(nonconforming(&format!("{name}: The attribute is required\n"))),
        None => Ok(()),
    }
}

fn nonconforming(reason: &str) -> ApiError {
    ApiError::invalid(format!("Attributes did not conform to the schema: {reason}"))
}

/// The attribute that a user name is, where the pool's user names are attributes.
pub(crate) fn username_attribute(pool: &PoolDefinition, username: &str) -> Option<SignInAttribute> {
    let is = |attribute: &SignInAttribute| match attribute {
        SignInAttribute::Email => is_email(username),
        SignInAttribute::PhoneNumber => is_phone_number(username),
        SignInAttribute::PreferredUsername => false,
    };
    pool.username_attributes.iter().copied().find(|attribute| is(attribute))
}

/// Checks a user name as a new user gives it, and says which attribute it is where the pool's user names are attributes.
pub(crate) fn check_new_username(pool: &PoolDefinition, username: &str) -> Result<Option<SignInAttribute>, ApiError> {
    let (email, phone) = (is_email(username), is_phone_number(username));
    if !pool.username_attributes.is_empty() {
        let by = |attribute: SignInAttribute| pool.username_attributes.contains(&attribute);
        return username_attribute(pool, username).map(Some).ok_or_else(|| {
            ApiError::invalid(match (by(SignInAttribute::Email), by(SignInAttribute::PhoneNumber)) {
                (true, true) => "Username should be either an email or a phone number.",
                (true, false) => "Username should be an email.",
                _ => "Username should be a phone number.",
            })
        });
    }
    if !is_username(username) {
        return Err(ApiError::invalid(
            "1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy regular expression \
             pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+",
        ));
    }
    for (attribute, matches, format) in
        [(SignInAttribute::Email, email, "email"), (SignInAttribute::PhoneNumber, phone, "phone number")]
    {
        if matches && pool.alias_attributes.contains(&attribute) {
            return Err(ApiError::invalid(format!(
                "Username cannot be of {format} format, since user pool is configured for {format} alias."
            )));
        }
    }
    Ok(None)
}

/// Checks a new password.
pub(crate) fn check_password(pool: &PoolDefinition, password: &str) -> Result<(), ApiError> {
    let policy = &pool.password_policy;
    let refuse = |reason: &str| {
        Err(ApiError::new(ErrorType::InvalidPasswordException, format!("Password did not conform with policy: {reason}")))
    };
    let holds = |test: fn(char) -> bool| password.chars().any(test);
    if password.starts_with(char::is_whitespace) || password.ends_with(char::is_whitespace) || password.chars().count() > 256 {
        return Err(ApiError::invalid(
            "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must satisfy regular expression \
             pattern: ^[\\S]+.*[\\S]+$ and have length less than or equal to 256",
        ));
    }
    if password.chars().count() < policy.minimum_length {
        return refuse("Password not long enough");
    }
    if policy.require_uppercase && !holds(|character| character.is_ascii_uppercase()) {
        return refuse("Password must have uppercase characters");
    }
    if policy.require_lowercase && !holds(|character| character.is_ascii_lowercase()) {
        return refuse("Password must have lowercase characters");
    }
    if policy.require_numbers && !holds(|character| character.is_ascii_digit()) {
        return refuse("Password must have numeric characters");
    }
    if policy.require_symbols && !holds(|character| SYMBOLS.contains(character)) {
        return refuse("Password must have symbol characters");
    }
    Ok(())
}

/// Whether a text has the form of an e-mail address.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let labels = || domain.split('.');
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && !local.contains('@')
        && is_username(local)
        && labels().count() >= 2
        && labels()
            .all(|label| !label.is_empty() && label.chars().all(|character| character.is_alphanumeric() || character == '-'))
}

/// Whether a text is a phone number in E.164 form.
pub(crate) fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (2..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn passwords_must_hold_what_the_policy_names() {
        let pool = PoolDefinition::new("eu-west-1_Test");
        for (password, expected) in [
            ("Ab1-", Some("Password not long enough")),
            ("abcdefg1-", Some("uppercase")),
            ("ABCDEFG1-", Some("lowercase")),
            ("Abcdefgh-", Some("numeric")),
            ("Abcdefgh1", Some("symbol")),
            (" Abcdefg1-", Some("'password'")),
            ("Abcdef1 x", None),
            ("Abcdefg1-", None),
        ] {
            let error = check_password(&pool, password).err().map(|error| error.message);
            match expected {
                Some(part) => assert!(error.as_deref().is_some_and(|text| text.contains(part)), "{password}: {error:?}"),
                None => assert_eq!(error, None, "{password}"),
            }
        }
    }

    #[test]
    fn names_and_addresses_have_their_forms() {
        for (text, username, email, phone) in [
            ("ann", true, false, false),
            ("ann@example.com", true, true, false),
            ("+4912345678", true, false, true),
            ("a b", false, false, false),
            ("", false, false, false),
            ("a\u{200b}b", false, false, false),
            ("ann@", true, false, false),
            ("@example.com", true, false, false),
            ("a@b@example.com", true, false, false),
            ("ann@example..com", true, false, false),
            ("+0123", true, false, false),
            ("+12345678901234567", true, false, false),
        ] {
            assert_eq!((is_username(text), is_email(text), is_phone_number(text)), (username, email, phone), "{text:?}");
        }
    }

    #[test]
    fn user_names_follow_the_pools_sign_in_options() {
        let plain = PoolDefinition::new("eu-west-1_Test");
        let email = PoolDefinition { username_attributes: BTreeSet::from([SignInAttribute::Email]), ..plain.clone() };
        let alias = PoolDefinition { alias_attributes: BTreeSet::from([SignInAttribute::Email]), ..plain.clone() };
        assert_eq!(check_new_username(&plain, "ann@example.com"), Ok(None));
        assert_eq!(check_new_username(&email, "ann@example.com"), Ok(Some(SignInAttribute::Email)));
        assert_eq!(
            check_new_username(&email, "ann").map_err(|error| error.message),
            Err("Username should be an email.".to_owned())
        );
        assert!(check_new_username(&alias, "ann@example.com").is_err());
        assert_eq!(check_new_username(&alias, "ann"), Ok(None));
    }

    #[test]
    fn attributes_outside_the_schema_are_refused() {
        let any = PoolDefinition::new("eu-west-1_Test");
        let declared = PoolDefinition { custom_attributes: Some(BTreeSet::from(["custom:team".to_owned()])), ..any.clone() };
        assert!(check_attribute(&any, "custom:x", "1").is_ok());
        assert!(check_attribute(&declared, "custom:team", "1").is_ok());
        assert_eq!(
            check_attribute(&declared, "custom:x", "1").map_err(|error| error.message),
            Err("Attributes did not conform to the schema: custom:x: Attribute does not exist in the schema.\n".to_owned())
        );
        for (name, value) in
            [("sub", "1"), ("cognito:groups", "admin"), ("email", "no"), ("phone_number", "1"), ("email_verified", "yes")]
        {
            assert!(check_attribute(&any, name, value).is_err(), "{name}");
        }
    }
}
