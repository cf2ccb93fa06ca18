//! What a user does with an access token.

use std::collections::BTreeSet;

use user_pool::{PoolDefinition, SignInAttribute, TokenRequest, TokenUse};
use value::{Value, value};

use crate::support::{Bench, PASSWORD, by_password, by_refresh_token, definition, text};

fn access(tokens: &Value) -> Value {
    value!({ "AccessToken": (text(tokens, &["AccessToken"])) })
}

#[test]
fn a_user_reads_the_own_attributes() {
    let bench = Bench::new(definition());
    let tokens = bench.sign_in("ann", PASSWORD);
    let user = bench.call("GetUser", access(&tokens));
    assert_eq!(text(&user, &["Username"]), "ann");
    let attributes = user.at(&["UserAttributes"]);
    let names: Vec<&str> = attributes.as_list().expect("a list").iter().map(|attribute| text(attribute, &["Name"])).collect();
    assert_eq!(names, ["sub", "custom:team", "email", "email_verified"]);
}

#[test]
fn only_a_live_access_token_of_the_pool_opens_the_account() {
    let bench = Bench::new(definition());
    let tokens = bench.sign_in("ann", PASSWORD);
    let good = text(&tokens, &["AccessToken"]);
    let (signed, _) = good.rsplit_once('.').expect("three parts");
    let other_pool = Bench::new(definition()).sign_in("ann", PASSWORD);
    let mut tampered = good.to_owned();
    let last = tampered.pop().expect("a token");
    tampered.push(if last == 'A' { 'B' } else { 'A' });
    let invalid = "NotAuthorizedException: Invalid Access Token";
    let signature = "NotAuthorizedException: Could not verify signature for Access Token";
    for (token, expected) in [
        ("", invalid),
        ("a.b.c", invalid),
        (text(&tokens, &["RefreshToken"]), invalid),
        (text(&tokens, &["IdToken"]), invalid),
        (&format!("{signed}."), signature),
        (text(&other_pool, &["AccessToken"]), signature), // the same issuer, another key
    ] {
        assert_eq!(bench.fail("GetUser", value!({ "AccessToken": token })), expected, "{token}");
    }
    // The last character holds unused bits, which a strict decoder refuses as well as another signature.
    assert!(bench.fail("GetUser", value!({ "AccessToken": tampered })).starts_with("NotAuthorizedException"));
    assert!(bench.fail("GetUser", value!({})).contains("Value null at 'accessToken'"));
    bench.pass(3600);
    assert_eq!(bench.fail("GetUser", access(&tokens)), "NotAuthorizedException: Access Token has expired");
}

#[test]
fn a_global_sign_out_ends_every_session_of_the_user() {
    let bench = Bench::new(definition());
    let (one, two) = (bench.sign_in("ann", PASSWORD), bench.sign_in("ann", PASSWORD));
    let request = TokenRequest::new("ann", "web", TokenUse::Access);
    let issued = value!({ "AccessToken": (bench.pool().issue(&request).expect("a token")) });
    bench.call("GetUser", issued.clone());
    bench.call("GlobalSignOut", access(&one));
    let revoked = "NotAuthorizedException: Access Token has been revoked";
    for token in [access(&one), access(&two), issued] {
        assert_eq!(bench.fail("GetUser", token.clone()), revoked);
        assert_eq!(bench.fail("GlobalSignOut", token), revoked);
    }
    for tokens in [&one, &two] {
        let request = by_refresh_token("web", text(tokens, &["RefreshToken"]));
        assert_eq!(bench.fail("InitiateAuth", request), "NotAuthorizedException: Refresh Token has been revoked");
    }
    bench.pass(1);
    let again = bench.sign_in("ann", PASSWORD);
    bench.call("GetUser", access(&again));
}

#[test]
fn a_password_is_changed_by_who_knows_it() {
    let bench = Bench::new(definition());
    let tokens = bench.sign_in("ann", PASSWORD);
    let change = |previous: &str, proposed: &str| {
        let token = text(&tokens, &["AccessToken"]);
        value!({ "AccessToken": token, "PreviousPassword": previous, "ProposedPassword": proposed })
    };
    assert_eq!(
        bench.fail("ChangePassword", change("wrong", "New-password-1")),
        "NotAuthorizedException: Incorrect username or password."
    );
    assert!(bench.fail("ChangePassword", change(PASSWORD, "weak")).starts_with("InvalidPasswordException: "));
    bench.call("ChangePassword", change(PASSWORD, "New-password-1"));
    bench.sign_in("ann", "New-password-1");
    bench.fail("InitiateAuth", by_password("web", "ann", PASSWORD));
}

#[test]
fn attributes_are_changed_verified_and_removed() {
    let bench = Bench::new(PoolDefinition {
        auto_verified_attributes: BTreeSet::from([SignInAttribute::Email]),
        alias_attributes: BTreeSet::from([SignInAttribute::Email]),
        ..definition()
    });
    let tokens = bench.sign_in("ann", PASSWORD);
    let with = |members: Value| {
        let mut request = access(&tokens);
        for (name, value) in members.as_object().expect("an object") {
            request.as_object_mut().expect("an object").insert(name.clone(), value);
        }
        request
    };
    let attribute = |name: &str, text: &str| with(value!({ "UserAttributes": [{ "Name": name, "Value": text }] }));
    let now = || bench.call("GetUser", access(&tokens)).to_json();
    assert_eq!(
        bench.call("UpdateUserAttributes", attribute("nickname", "A")),
        value!({ "CodeDeliveryDetailsList": (Vec::<Value>::new()) })
    );
    let sent = bench.call("UpdateUserAttributes", attribute("email", "new@example.com"));
    assert!(sent.to_json().contains("n***@e***"), "{sent}");
    assert!(now().contains(r#"{"Name":"email_verified","Value":"false"}"#));
    let code = bench.last_message().secret;
    let verify = |code: &str| with(value!({ "AttributeName": "email", "Code": code }));
    assert!(bench.fail("VerifyUserAttribute", verify("x")).starts_with("CodeMismatchException"));
    bench.call("VerifyUserAttribute", verify(&code));
    assert!(now().contains(r#"{"Name":"email_verified","Value":"true"}"#));
    bench.call("DeleteUserAttributes", with(value!({ "UserAttributeNames": ["nickname"] })));
    assert!(!now().contains("nickname"));
    for (request, expected) in [
        (attribute("email_verified", "true"), "NotAuthorizedException: A client attempted to write unauthorized attribute"),
        (attribute("email", "x"), "InvalidParameterException: Invalid email address format."),
        (
            attribute("sub", "x"),
            "InvalidParameterException: Attributes did not conform to the schema: sub: Attribute does not exist in the schema.\n",
        ),
    ] {
        assert_eq!(bench.fail("UpdateUserAttributes", request), expected);
    }
    // An address of somebody else can be noted, not verified.
    let attributes = value!([{ "Name": "email", "Value": "taken@example.com" }]);
    bench.call("SignUp", value!({ "ClientId": "web", "Username": "bob", "Password": PASSWORD, "UserAttributes": attributes }));
    bench.call("UpdateUserAttributes", attribute("email", "taken@example.com"));
    assert_eq!(
        bench.fail("VerifyUserAttribute", verify(&bench.last_message().secret)),
        "AliasExistsException: An account with the given email already exists."
    );
}

#[test]
fn a_deleted_user_is_gone_with_all_sessions() {
    let bench = Bench::new(definition());
    let tokens = bench.sign_in("ann", PASSWORD);
    bench.call("DeleteUser", access(&tokens));
    assert_eq!(bench.fail("GetUser", access(&tokens)), "UserNotFoundException: User does not exist.");
    assert_eq!(
        bench.fail("InitiateAuth", by_refresh_token("web", text(&tokens, &["RefreshToken"]))),
        "NotAuthorizedException: Invalid Refresh Token."
    );
    // A new user of that name is another one.
    bench.call("SignUp", value!({ "ClientId": "web", "Username": "ann", "Password": PASSWORD }));
    assert_eq!(bench.fail("GetUser", access(&tokens)), "UserNotFoundException: User does not exist.");
}
