//! Sign-in by password, SRP and refresh token.

use value::{Value, value};

use crate::support::{Bench, PASSWORD, POOL, by_password, by_refresh_token, definition, secret_hash, text};

#[test]
fn a_password_signs_in_and_a_wrong_one_does_not_tell_why() {
    let bench = Bench::new(definition());
    let answer = bench.call("InitiateAuth", by_password("web", "ann", PASSWORD));
    let result = answer.at(&["AuthenticationResult"]);
    assert_eq!(text(result, &["TokenType"]), "Bearer");
    assert_eq!(result.at(&["ExpiresIn"]).as_i64(), Some(3600));
    assert!(["AccessToken", "IdToken", "RefreshToken"].iter().all(|name| !text(result, &[name]).is_empty()));
    assert_eq!(answer.at(&["ChallengeParameters"]), &value!({}));
    let wrong = "NotAuthorizedException: Incorrect username or password.";
    for (client, username, password, expected) in [
        ("web", "ann", "wrong", wrong),
        ("web", "ann", "Correct-horse-1 ", wrong),
        ("web", "nobody", PASSWORD, wrong),
        ("legacy", "nobody", PASSWORD, "UserNotFoundException: User does not exist."),
        ("legacy", "ann", "wrong", wrong),
        ("web", "ann@example.com", PASSWORD, wrong), // no alias in this pool
        ("plain", "ann", PASSWORD, "InvalidParameterException: USER_PASSWORD_AUTH flow not enabled for this client"),
        ("other", "ann", PASSWORD, "ResourceNotFoundException: User pool client other does not exist."),
        ("web", "", PASSWORD, "InvalidParameterException: Missing required parameter USERNAME"),
        ("web", "ann", "", "InvalidParameterException: Missing required parameter PASSWORD"),
    ] {
        assert_eq!(
            bench.fail("InitiateAuth", by_password(client, username, password)),
            expected,
            "{client} {username} {password}"
        );
    }
    // The name is the one of any case, as in a pool of Cognito's that does not tell cases apart.
    bench.call("InitiateAuth", by_password("web", "ANN", PASSWORD));
}

#[test]
fn srp_signs_in_without_the_password_on_the_wire() {
    let bench = Bench::new(definition());
    let (parameters, answer) = bench.srp("plain", "ann", PASSWORD);
    assert_eq!((text(&parameters, &["USERNAME"]), text(&parameters, &["USER_ID_FOR_SRP"])), ("ann", "ann"));
    let result = bench.call("RespondToAuthChallenge", answer.clone());
    assert!(!text(&result, &["AuthenticationResult", "IdToken"]).is_empty());
    // The challenge is used up.
    assert_eq!(bench.fail("RespondToAuthChallenge", answer), "NotAuthorizedException: Invalid session for the user.");

    let wrong = "NotAuthorizedException: Incorrect username or password.";
    let (_, answer) = bench.srp("plain", "ann", "wrong");
    assert_eq!(bench.fail("RespondToAuthChallenge", answer), wrong);
    // Somebody who does not exist looks the same, down to a salt that stays.
    let (first, answer) = bench.srp("plain", "nobody", PASSWORD);
    assert_eq!(bench.fail("RespondToAuthChallenge", answer), wrong);
    assert_eq!(text(&bench.srp("plain", "nobody", PASSWORD).0, &["SALT"]), text(&first, &["SALT"]));
    let request =
        value!({ "AuthFlow": "USER_SRP_AUTH", "ClientId": "legacy", "AuthParameters": { "USERNAME": "nobody", "SRP_A": "5" } });
    assert_eq!(bench.fail("InitiateAuth", request), "UserNotFoundException: User does not exist.");
}

/// An answer with one member changed.
fn with(answer: &Value, path: &[&str], text: &str) -> Value {
    let mut answer = answer.clone();
    let mut place = &mut answer;
    for key in path {
        place = place.as_object_mut().and_then(|object| object.get_mut(key)).expect("the member");
    }
    *place = text.into();
    answer
}

#[test]
fn a_changed_proof_is_refused_whatever_was_changed() {
    let bench = Bench::new(definition());
    let session = "NotAuthorizedException: Invalid session for the user.";
    let wrong = "NotAuthorizedException: Incorrect username or password.";
    let responses = "ChallengeResponses";
    for (path, text, expected) in [
        (&["ClientId"][..], "web", session),
        (&[responses, "PASSWORD_CLAIM_SECRET_BLOCK"], "AAAA", session),
        (&[responses, "USERNAME"], "bob", wrong),
        (&[responses, "PASSWORD_CLAIM_SIGNATURE"], "AAAA", wrong),
        (&[responses, "PASSWORD_CLAIM_SIGNATURE"], "not base64!", wrong),
        (&[responses, "TIMESTAMP"], "Tue Nov 14 22:13:21 UTC 2023", wrong),
        (
            &[responses, "TIMESTAMP"],
            "2023-11-14",
            "InvalidParameterException: TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.",
        ),
        (
            &[responses, "PASSWORD_CLAIM_SIGNATURE"],
            "",
            "InvalidParameterException: Missing required parameter PASSWORD_CLAIM_SIGNATURE",
        ),
    ] {
        let (_, answer) = bench.srp("plain", "ann", PASSWORD);
        assert_eq!(bench.fail("RespondToAuthChallenge", with(&answer, path, text)), expected, "{path:?}");
        bench.pass(3600); // so that the wrong ones do not lock the user
    }
    let (_, answer) = bench.srp("plain", "ann", PASSWORD);
    bench.pass(180);
    assert_eq!(
        bench.fail("RespondToAuthChallenge", answer),
        "NotAuthorizedException: Invalid session for the user, session is expired."
    );
}

#[test]
fn too_many_wrong_passwords_lock_the_user_for_a_growing_while() {
    let bench = Bench::new(definition());
    let wrong = "NotAuthorizedException: Incorrect username or password.";
    let locked = "NotAuthorizedException: Password attempts exceeded";
    for _ in 0..5 {
        assert_eq!(bench.fail("InitiateAuth", by_password("web", "ann", "wrong")), wrong);
    }
    assert_eq!(bench.fail("InitiateAuth", by_password("web", "ann", PASSWORD)), locked);
    let (_, answer) = bench.srp("web", "ann", PASSWORD);
    assert_eq!(bench.fail("RespondToAuthChallenge", answer), locked);
    bench.pass(1);
    assert_eq!(bench.fail("InitiateAuth", by_password("web", "ann", "wrong")), wrong);
    bench.pass(1);
    assert_eq!(bench.fail("InitiateAuth", by_password("web", "ann", PASSWORD)), locked);
    bench.pass(1);
    bench.sign_in("ann", PASSWORD);
    // The right password clears the count.
    assert_eq!(bench.fail("InitiateAuth", by_password("web", "ann", "wrong")), wrong);
    bench.sign_in("ann", PASSWORD);
}

#[test]
fn a_client_with_a_secret_needs_its_hash() {
    let bench = Bench::new(definition());
    let request = |client: &str, hash: Option<String>| {
        let mut parameters = value!({ "USERNAME": "ann", "PASSWORD": PASSWORD });
        if let Some(hash) = hash {
            parameters.as_object_mut().expect("an object").insert("SECRET_HASH", hash);
        }
        value!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client, "AuthParameters": parameters })
    };
    let result = bench.call("InitiateAuth", request("secret", Some(secret_hash("hush", "ann", "secret"))));
    for (client, hash, expected) in [
        ("secret", None, "Client secret is configured with secret but SECRET_HASH was not received"),
        ("secret", Some(secret_hash("hush", "bob", "secret")), "SecretHash does not match for the client: secret"),
        ("secret", Some(secret_hash("other", "ann", "secret")), "SecretHash does not match for the client: secret"),
        ("secret", Some("?".to_owned()), "SecretHash does not match for the client: secret"),
        ("secret", Some(String::new()), "SecretHash does not match for the client: secret"),
        ("web", Some(secret_hash("hush", "ann", "web")), "Client web is not configured for secret but secret hash was received"),
    ] {
        assert_eq!(bench.fail("InitiateAuth", request(client, hash)), format!("NotAuthorizedException: {expected}"));
    }
    let token = text(&result, &["AuthenticationResult", "RefreshToken"]);
    let refresh = |secret: &str| value!({ "ClientId": "secret", "RefreshToken": token, "ClientSecret": secret });
    bench.call("GetTokensFromRefreshToken", refresh("hush"));
    assert_eq!(
        bench.fail("GetTokensFromRefreshToken", refresh("other")),
        "NotAuthorizedException: Client secret does not match for the client: secret"
    );
}

#[test]
fn a_refresh_token_makes_new_tokens_until_it_is_revoked_or_expired() {
    let bench = Bench::new(definition());
    let signed_in = bench.sign_in("ann", PASSWORD);
    let (refresh, access) = (text(&signed_in, &["RefreshToken"]), text(&signed_in, &["AccessToken"]));
    bench.pass(60);
    for (operation, request) in [
        ("InitiateAuth", by_refresh_token("web", refresh)),
        ("GetTokensFromRefreshToken", value!({ "ClientId": "web", "RefreshToken": refresh })),
    ] {
        let result = bench.call(operation, request);
        assert_ne!(text(&result, &["AuthenticationResult", "AccessToken"]), access);
        assert!(result.at(&["AuthenticationResult", "RefreshToken"]).is_null(), "{operation}");
    }
    for (client, token) in
        [("web", "x"), ("web", ""), ("web", access), ("legacy", refresh), ("web", &refresh[..refresh.len() - 4])]
    {
        let expected = if token.is_empty() {
            "InvalidParameterException: Missing required parameter REFRESH_TOKEN"
        } else {
            "NotAuthorizedException: Invalid Refresh Token."
        };
        assert_eq!(bench.fail("InitiateAuth", by_refresh_token(client, token)), expected, "{client} {token}");
    }
    // Revoking ends this session only.
    let other = bench.sign_in("ann", PASSWORD);
    bench.call("RevokeToken", value!({ "ClientId": "web", "Token": refresh }));
    bench.call("RevokeToken", value!({ "ClientId": "web", "Token": refresh }));
    assert_eq!(
        bench.fail("InitiateAuth", by_refresh_token("web", refresh)),
        "NotAuthorizedException: Refresh Token has been revoked"
    );
    assert_eq!(bench.fail("GetUser", value!({ "AccessToken": access })), "NotAuthorizedException: Access Token has been revoked");
    bench.call("GetUser", value!({ "AccessToken": (text(&other, &["AccessToken"])) }));
    assert_eq!(
        bench.fail("RevokeToken", value!({ "ClientId": "web", "Token": access })),
        "UnsupportedTokenTypeException: Unsupported token type"
    );
    bench.pass(30 * 86_400);
    assert_eq!(
        bench.fail("InitiateAuth", by_refresh_token("web", text(&other, &["RefreshToken"]))),
        "NotAuthorizedException: Refresh Token has expired"
    );
}

#[test]
fn what_is_not_available_is_refused_by_name() {
    let bench = Bench::new(definition());
    let flow = |flow: &str| value!({ "AuthFlow": flow, "ClientId": "web" });
    for (operation, body, expected) in [
        ("InitiateAuth", flow("CUSTOM_AUTH"), "InvalidParameterException: CUSTOM_AUTH is not enabled for the client."),
        ("InitiateAuth", flow("USER_AUTH"), "InvalidParameterException: USER_AUTH flow not enabled for this client"),
        ("InitiateAuth", flow("ADMIN_USER_PASSWORD_AUTH"), "InvalidParameterException: Initiate Auth method not supported."),
        (
            "ListDevices",
            value!({}),
            "UnknownOperationException: The embedded user pool does not have the operation \"ListDevices\".",
        ),
        ("", value!({}), "UnknownOperationException: The embedded user pool does not have the operation \"\"."),
    ] {
        assert_eq!(bench.fail(operation, body), expected);
    }
    assert!(bench.fail("InitiateAuth", flow("MAGIC")).contains("Value 'MAGIC' at 'authFlow' failed to satisfy constraint"));
    let challenge = value!({ "ChallengeName": "SMS_MFA", "ClientId": "web" });
    assert!(bench.fail("RespondToAuthChallenge", challenge).contains("SMS_MFA"));
}

#[test]
fn administrators_sign_users_in_through_a_client_of_the_named_pool() {
    let bench = Bench::new(definition());
    let request = |pool: &str, client: &str| {
        value!({
            "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
            "UserPoolId": pool,
            "ClientId": client,
            "AuthParameters": { "USERNAME": "ann", "PASSWORD": PASSWORD }
        })
    };
    bench.call("AdminInitiateAuth", request(POOL, "web"));
    assert_eq!(
        bench.fail("AdminInitiateAuth", request(POOL, "plain")),
        "InvalidParameterException: Auth flow not enabled for this client"
    );
    assert_eq!(
        bench.fail("AdminInitiateAuth", request("eu-west-1_Other", "web")),
        "ResourceNotFoundException: User pool eu-west-1_Other does not exist."
    );
}
