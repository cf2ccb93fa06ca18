//! Sign-up, confirmation, forgotten passwords.

use std::collections::BTreeSet;

use user_pool::{Medium, MessagePurpose, PoolDefinition, SignInAttribute, UserDefinition};
use value::{Value, value};

use crate::support::{Bench, PASSWORD, by_password, definition, secret_hash, text};

fn sign_up(username: &str, password: &str, attributes: &[(&str, &str)]) -> Value {
    let attributes: Value = attributes.iter().map(|(name, text)| value!({ "Name": (*name), "Value": (*text) })).collect();
    value!({ "ClientId": "web", "Username": username, "Password": password, "UserAttributes": attributes })
}

fn with_codes() -> PoolDefinition {
    PoolDefinition { auto_confirm: false, auto_verified_attributes: BTreeSet::from([SignInAttribute::Email]), ..definition() }
}

fn by_email() -> PoolDefinition {
    PoolDefinition { username_attributes: BTreeSet::from([SignInAttribute::Email]), ..with_codes() }
}

#[test]
fn a_new_user_signs_in_at_once_where_sign_ups_are_confirmed() {
    let bench = Bench::new(definition());
    let answer = bench.call("SignUp", sign_up("bob", PASSWORD, &[("email", "bob@example.com")]));
    assert_eq!(answer.at(&["UserConfirmed"]).as_bool(), Some(true));
    assert_eq!(text(&answer, &["UserSub"]).len(), 36);
    bench.sign_in("bob", PASSWORD);
    let (_, proof) = bench.srp("plain", "bob", PASSWORD);
    bench.call("RespondToAuthChallenge", proof);
}

#[test]
fn a_sign_up_that_breaks_a_rule_is_refused_with_cognitos_text() {
    let mut strict = definition();
    strict.required_attributes.insert("email".to_owned());
    strict.custom_attributes = Some(BTreeSet::from(["custom:team".to_owned()]));
    let bench = Bench::new(strict);
    let email = ("email", "bob@example.com");
    for (username, password, attributes, expected) in [
        ("ann", PASSWORD, &[email][..], "UsernameExistsException: User already exists"),
        ("ANN", PASSWORD, &[email], "UsernameExistsException: User already exists"),
        ("bob", "short", &[email], "InvalidPasswordException: Password did not conform with policy: Password not long enough"),
        (
            "bob",
            "correct-horse-1",
            &[email],
            "InvalidPasswordException: Password did not conform with policy: Password must have uppercase characters",
        ),
        (
            "bob",
            PASSWORD,
            &[],
            "InvalidParameterException: Attributes did not conform to the schema: email: The attribute is required\n",
        ),
        (
            "bob",
            PASSWORD,
            &[email, ("custom:other", "1")],
            "InvalidParameterException: Attributes did not conform to the schema: custom:other: Attribute does not exist in the schema.\n",
        ),
        (
            "bob",
            PASSWORD,
            &[email, ("cognito:groups", "editors")],
            "InvalidParameterException: Attributes did not conform to the schema: cognito:groups: Attribute does not exist in the schema.\n",
        ),
        ("bob", PASSWORD, &[("email", "bob")], "InvalidParameterException: Invalid email address format."),
        (
            "bob",
            PASSWORD,
            &[email, ("email_verified", "true")],
            "NotAuthorizedException: A client attempted to write unauthorized attribute",
        ),
    ] {
        assert_eq!(bench.fail("SignUp", sign_up(username, password, attributes)), expected, "{username} {attributes:?}");
    }
    for (body, expected) in [
        (value!({ "ClientId": "web" }), "Value null at 'username' failed to satisfy constraint: Member must not be null"),
        (value!({ "ClientId": "web", "Username": "bob" }), "Value null at 'password'"),
        (value!({ "Username": "bob" }), "Value null at 'clientId'"),
        (sign_up("b b", PASSWORD, &[]), "Value at 'username' failed to satisfy constraint"),
        (value!({ "ClientId": "secret", "Username": "bob", "Password": PASSWORD }), "SECRET_HASH was not received"),
    ] {
        let error = bench.fail("SignUp", body);
        assert!(error.contains(expected), "{error}");
    }
    let hash = secret_hash("hush", "carl", "secret");
    let attributes = value!([{ "Name": "email", "Value": "carl@example.com" }]);
    bench.call(
        "SignUp",
        value!({ "ClientId": "secret", "Username": "carl", "Password": PASSWORD, "SecretHash": hash, "UserAttributes": attributes }),
    );
    assert_eq!(bench.pool().usernames(), ["ann", "carl"]);
}

#[test]
fn only_administrators_make_users_where_the_pool_says_so() {
    let bench = Bench::new(PoolDefinition { admin_create_user_only: true, ..definition() });
    assert_eq!(
        bench.fail("SignUp", sign_up("bob", PASSWORD, &[])),
        "NotAuthorizedException: SignUp is not permitted for this user pool"
    );
}

#[test]
fn a_full_pool_takes_no_more_users() {
    let bench = Bench::new(PoolDefinition { max_users: 2, ..definition() });
    bench.call("SignUp", sign_up("bob", PASSWORD, &[]));
    assert!(bench.fail("SignUp", sign_up("carl", PASSWORD, &[])).starts_with("LimitExceededException: "));
}

#[test]
fn a_code_confirms_a_sign_up() {
    let bench = Bench::new(with_codes());
    let answer = bench.call("SignUp", sign_up("bob", PASSWORD, &[("email", "bob@example.com")]));
    assert_eq!(answer.at(&["UserConfirmed"]).as_bool(), Some(false));
    assert_eq!(
        answer.at(&["CodeDeliveryDetails"]),
        &value!({ "AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "b***@e***" })
    );
    let message = bench.last_message();
    assert_eq!(
        (message.purpose, message.medium, message.destination.as_str()),
        (MessagePurpose::SignUp, Medium::Email, "bob@example.com")
    );
    assert!(!format!("{message:?}").contains(&message.secret));
    let not_confirmed = "UserNotConfirmedException: User is not confirmed.";
    assert_eq!(bench.fail("InitiateAuth", by_password("web", "bob", PASSWORD)), not_confirmed);
    assert_eq!(
        bench.fail("InitiateAuth", by_password("web", "bob", "wrong")),
        "NotAuthorizedException: Incorrect username or password."
    );
    let (_, proof) = bench.srp("web", "bob", PASSWORD);
    assert_eq!(bench.fail("RespondToAuthChallenge", proof), not_confirmed);

    let confirm = |code: &str| value!({ "ClientId": "web", "Username": "bob", "ConfirmationCode": code });
    let mismatch = "CodeMismatchException: Invalid verification code provided, please try again.";
    assert_eq!(bench.fail("ConfirmSignUp", confirm("x")), mismatch);
    // A new code replaces the old one.
    bench.call("ResendConfirmationCode", value!({ "ClientId": "web", "Username": "bob" }));
    let second = bench.last_message().secret;
    if second != message.secret {
        assert_eq!(bench.fail("ConfirmSignUp", confirm(&message.secret)), mismatch);
    }
    bench.call("ConfirmSignUp", confirm(&second));
    assert_eq!(
        bench.fail("ConfirmSignUp", confirm(&second)),
        "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED"
    );
    assert_eq!(
        bench.fail("ResendConfirmationCode", value!({ "ClientId": "web", "Username": "bob" })),
        "InvalidParameterException: User is already confirmed."
    );
    let tokens = bench.sign_in("bob", PASSWORD);
    let user = bench.call("GetUser", value!({ "AccessToken": (text(&tokens, &["AccessToken"])) }));
    assert!(user.to_json().contains(r#"{"Name":"email_verified","Value":"true"}"#), "{user}");
}

#[test]
fn a_code_is_good_for_a_day_and_for_five_guesses() {
    let bench = Bench::new(with_codes());
    let confirm = |code: &str| value!({ "ClientId": "web", "Username": "bob", "ConfirmationCode": code });
    bench.call("SignUp", sign_up("bob", PASSWORD, &[("email", "bob@example.com")]));
    for _ in 0..5 {
        assert!(bench.fail("ConfirmSignUp", confirm("guess")).starts_with("CodeMismatchException"));
    }
    let code = bench.last_message().secret;
    let limit = "LimitExceededException: Attempt limit exceeded, please try after some time.";
    assert_eq!(bench.fail("ConfirmSignUp", confirm(&code)), limit);
    bench.call("ResendConfirmationCode", value!({ "ClientId": "web", "Username": "bob" }));
    bench.pass(86_400);
    assert_eq!(
        bench.fail("ConfirmSignUp", confirm(&bench.last_message().secret)),
        "ExpiredCodeException: Invalid code provided, please request a code again."
    );
}

#[test]
fn an_e_mail_address_can_be_the_user_name() {
    let bench = Bench::new(by_email());
    assert_eq!(bench.fail("SignUp", sign_up("bob", PASSWORD, &[])), "InvalidParameterException: Username should be an email.");
    let answer = bench.call("SignUp", sign_up("Bob@Example.com", PASSWORD, &[]));
    let code = bench.last_message().secret;
    bench.call("ConfirmSignUp", value!({ "ClientId": "web", "Username": "bob@example.com", "ConfirmationCode": code }));
    // The user name is the sub, and SRP computes with it whatever was typed.
    let (parameters, proof) = bench.srp("web", "bob@example.com", PASSWORD);
    assert_eq!(text(&parameters, &["USER_ID_FOR_SRP"]), text(&answer, &["UserSub"]));
    bench.call("RespondToAuthChallenge", proof);
    bench.sign_in("BOB@example.com", PASSWORD);
    assert_eq!(
        bench.fail("SignUp", sign_up("bob@example.com", PASSWORD, &[])),
        "UsernameExistsException: An account with the given email already exists."
    );
    // Somebody who does not exist has a name of the same form.
    let (parameters, _) = bench.srp("web", "eve@example.com", PASSWORD);
    assert_eq!(text(&parameters, &["USER_ID_FOR_SRP"]).len(), 36);
}

#[test]
fn a_defined_user_of_such_a_pool_signs_in_by_the_address() {
    let mut pool = by_email();
    pool.users.push(UserDefinition::new("zoe@example.com").with_password(PASSWORD));
    let bench = Bench::new(pool);
    let (parameters, proof) = bench.srp("web", "Zoe@example.com", PASSWORD);
    bench.call("RespondToAuthChallenge", proof);
    let user = bench.call("AdminGetUser", value!({ "UserPoolId": "eu-west-1_Example01", "Username": "zoe@example.com" }));
    assert_eq!(text(&user, &["Username"]), text(&parameters, &["USER_ID_FOR_SRP"]));
    let attributes = user.at(&["UserAttributes"]).to_json();
    assert!(attributes.contains(&format!(r#"{{"Name":"sub","Value":"{}"}}"#, text(&user, &["Username"]))), "{attributes}");
    assert!(attributes.contains(r#"{"Name":"email","Value":"zoe@example.com"},{"Name":"email_verified","Value":"true"}"#));
}

#[test]
fn an_alias_moves_only_when_asked_to() {
    let aliases = BTreeSet::from([SignInAttribute::Email]);
    let bench = Bench::new(PoolDefinition { alias_attributes: aliases, ..with_codes() });
    bench.sign_in("ann@example.com", PASSWORD);
    bench.call("SignUp", sign_up("bob", PASSWORD, &[("email", "ann@example.com")]));
    let confirm = |force: bool| {
        let code = bench.last_message().secret;
        value!({ "ClientId": "web", "Username": "bob", "ConfirmationCode": code, "ForceAliasCreation": force })
    };
    assert_eq!(
        bench.fail("ConfirmSignUp", confirm(false)),
        "AliasExistsException: An account with the given email already exists."
    );
    bench.call("ResendConfirmationCode", value!({ "ClientId": "web", "Username": "bob" }));
    bench.call("ConfirmSignUp", confirm(true));
    let user = bench.call("AdminGetUser", value!({ "UserPoolId": "eu-west-1_Example01", "Username": "ann@example.com" }));
    assert_eq!(text(&user, &["Username"]), "bob");
}

#[test]
fn a_forgotten_password_is_replaced_by_a_code_to_a_verified_address() {
    let bench = Bench::new(definition());
    let details = bench.call("ForgotPassword", value!({ "ClientId": "web", "Username": "ann" }));
    assert_eq!(text(&details, &["CodeDeliveryDetails", "Destination"]), "a***@e***");
    let code = bench.last_message().secret;
    let confirm = |username: &str, code: &str, password: &str| value!({ "ClientId": "web", "Username": username, "ConfirmationCode": code, "Password": password });
    let expired = "ExpiredCodeException: Invalid code provided, please request a code again.";
    assert!(bench.fail("ConfirmForgotPassword", confirm("ann", &code, "weak")).starts_with("InvalidPasswordException"));
    assert!(bench.fail("ConfirmForgotPassword", confirm("ann", "x", "New-password-1")).starts_with("CodeMismatchException"));
    assert_eq!(bench.fail("ConfirmForgotPassword", confirm("nobody", &code, "New-password-1")), expired);
    bench.call("ConfirmForgotPassword", confirm("ann", &code, "New-password-1"));
    assert_eq!(bench.fail("ConfirmForgotPassword", confirm("ann", &code, "New-password-2")), expired);
    bench.sign_in("ann", "New-password-1");
    assert!(bench.fail("InitiateAuth", by_password("web", "ann", PASSWORD)).starts_with("NotAuthorizedException"));
}

#[test]
fn who_does_not_exist_is_told_apart_only_where_the_client_says_so() {
    let bench = Bench::new(definition());
    let missing = "UserNotFoundException: Username/client id combination not found.";
    for operation in ["ForgotPassword", "ResendConfirmationCode"] {
        assert_eq!(bench.fail(operation, value!({ "ClientId": "legacy", "Username": "nobody" })), missing);
        let details = bench.call(operation, value!({ "ClientId": "web", "Username": "nobody@example.com" }));
        assert_eq!(text(&details, &["CodeDeliveryDetails", "Destination"]), "n***@e***");
    }
    let confirm = |client: &str| value!({ "ClientId": client, "Username": "nobody", "ConfirmationCode": "1" });
    assert_eq!(bench.fail("ConfirmSignUp", confirm("legacy")), missing);
    assert!(bench.fail("ConfirmSignUp", confirm("web")).starts_with("ExpiredCodeException"));
    bench.call("SignUp", sign_up("bob", PASSWORD, &[]));
    assert_eq!(
        bench.fail("ForgotPassword", value!({ "ClientId": "web", "Username": "bob" })),
        "InvalidParameterException: Cannot reset password for the user as there is no registered/verified email or phone_number"
    );
}
