//! Administrators: users, groups, lists.

use std::borrow::Borrow;

use user_pool::{Caller, MessagePurpose};
use value::{Value, value};

use crate::support::{Bench, PASSWORD, POOL, by_password, by_refresh_token, definition, text, verified};

/// A request with the pool's id.
fn of(members: impl Borrow<Value>) -> Value {
    let mut request = value!({ "UserPoolId": POOL });
    for (name, value) in members.borrow().as_object().expect("an object") {
        request.as_object_mut().expect("an object").insert(name.clone(), value);
    }
    request
}

#[test]
fn clients_cannot_do_what_administrators_do() {
    let bench = Bench::new(definition());
    for operation in [
        "AdminCreateUser",
        "AdminDeleteUser",
        "AdminGetUser",
        "AdminInitiateAuth",
        "AdminRespondToAuthChallenge",
        "AdminSetUserPassword",
        "AdminAddUserToGroup",
        "AdminConfirmSignUp",
        "CreateGroup",
        "ListUsers",
        "ListGroups",
        "DescribeUserPool",
        "DescribeUserPoolClient",
        "ListUserPools",
    ] {
        let response = bench.send(operation, &of(value!({ "Username": "ann" })), Caller::Client);
        let error = response.error.expect(operation);
        assert_eq!(error.to_string(), "MissingAuthenticationTokenException: Missing Authentication Token", "{operation}");
    }
}

#[test]
fn a_made_user_chooses_a_password_at_the_first_sign_in() {
    let bench = Bench::new(definition());
    let attributes = value!([{ "Name": "email", "Value": "bob@example.com" }, { "Name": "email_verified", "Value": "true" }]);
    let made = bench.call("AdminCreateUser", of(value!({ "Username": "bob", "UserAttributes": attributes })));
    assert_eq!(text(&made, &["User", "UserStatus"]), "FORCE_CHANGE_PASSWORD");
    let message = bench.last_message();
    assert_eq!(message.purpose, MessagePurpose::Invitation);
    let temporary = message.secret;

    let challenge = bench.call("InitiateAuth", by_password("web", "bob", &temporary));
    assert_eq!(text(&challenge, &["ChallengeName"]), "NEW_PASSWORD_REQUIRED");
    assert_eq!(text(&challenge, &["ChallengeParameters", "requiredAttributes"]), "[]");
    assert!(text(&challenge, &["ChallengeParameters", "userAttributes"]).contains(r#""email":"bob@example.com""#));
    let answer = |session: &str, password: &str| {
        value!({
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "ClientId": "web",
            "Session": session,
            "ChallengeResponses": { "USERNAME": "bob", "NEW_PASSWORD": password, "userAttributes.nickname": "B" }
        })
    };
    let session = text(&challenge, &["Session"]);
    assert!(bench.fail("RespondToAuthChallenge", answer(session, "weak")).starts_with("InvalidPasswordException"));
    assert_eq!(
        bench.fail("RespondToAuthChallenge", answer("somebody's", PASSWORD)),
        "NotAuthorizedException: Invalid session for the user."
    );
    let tokens = bench.call("RespondToAuthChallenge", answer(session, PASSWORD));
    let user = bench.call("GetUser", value!({ "AccessToken": (text(&tokens, &["AuthenticationResult", "AccessToken"])) }));
    assert!(user.to_json().contains("nickname"));
    assert_eq!(
        bench.fail("RespondToAuthChallenge", answer(session, PASSWORD)),
        "NotAuthorizedException: Invalid session for the user."
    );
    bench.sign_in("bob", PASSWORD);
    // By SRP the same challenge comes after the proof.
    bench.call("AdminSetUserPassword", of(value!({ "Username": "bob", "Password": "Temporary-1" })));
    let (_, proof) = bench.srp("plain", "bob", "Temporary-1");
    assert_eq!(text(&bench.call("RespondToAuthChallenge", proof), &["ChallengeName"]), "NEW_PASSWORD_REQUIRED");
}

#[test]
fn administrators_change_users() {
    let bench = Bench::new(definition());
    let bob = || of(value!({ "Username": "bob" }));
    bench.call(
        "AdminCreateUser",
        of(value!({ "Username": "bob", "TemporaryPassword": "Temporary-1", "MessageAction": "SUPPRESS" })),
    );
    assert_eq!(bench.fail("AdminCreateUser", bob()), "UsernameExistsException: User already exists");
    bench.call("AdminSetUserPassword", of(value!({ "Username": "bob", "Password": PASSWORD, "Permanent": true })));
    let tokens = bench.sign_in("bob", PASSWORD);
    let refresh = || by_refresh_token("web", text(&tokens, &["RefreshToken"]));

    bench.call("AdminDisableUser", bob());
    let disabled = "NotAuthorizedException: User is disabled.";
    assert_eq!(bench.fail("InitiateAuth", by_password("web", "bob", PASSWORD)), disabled);
    assert_eq!(bench.fail("InitiateAuth", refresh()), disabled);
    assert_eq!(bench.fail("GetUser", value!({ "AccessToken": (text(&tokens, &["AccessToken"])) })), disabled);
    bench.call("AdminEnableUser", bob());
    bench.call("InitiateAuth", refresh());
    bench.call("AdminUserGlobalSignOut", bob());
    assert_eq!(bench.fail("InitiateAuth", refresh()), "NotAuthorizedException: Refresh Token has been revoked");

    // That an address is verified may be said before the address.
    let attributes = value!([{ "Name": "email_verified", "Value": "true" }, { "Name": "email", "Value": "bob@example.com" }]);
    bench.call("AdminUpdateUserAttributes", of(value!({ "Username": "bob", "UserAttributes": attributes })));
    assert!(bench.call("AdminGetUser", bob()).to_json().contains(r#"{"Name":"email_verified","Value":"true"}"#));
    bench.call("AdminResetUserPassword", bob());
    assert_eq!(
        bench.fail("InitiateAuth", by_password("web", "bob", PASSWORD)),
        "PasswordResetRequiredException: Password reset required for the user"
    );
    bench.call("AdminDeleteUser", bob());
    assert_eq!(bench.fail("AdminGetUser", bob()), "UserNotFoundException: User does not exist.");
}

#[test]
fn groups_reach_the_tokens() {
    let bench = Bench::new(definition());
    let member = |group: &str| of(value!({ "Username": "ann", "GroupName": group }));
    assert_eq!(bench.fail("AdminAddUserToGroup", member("admins")), "ResourceNotFoundException: Group not found.");
    bench.call(
        "CreateGroup",
        of(value!({ "GroupName": "admins", "Precedence": 1, "RoleArn": "arn:aws:iam::000000000000:role/a" })),
    );
    assert_eq!(
        bench.fail("CreateGroup", of(value!({ "GroupName": "admins" }))),
        "GroupExistsException: A group with the name already exists."
    );
    bench.call("AdminAddUserToGroup", member("admins"));
    bench.call("AdminAddUserToGroup", member("admins"));
    let tokens = bench.sign_in("ann", PASSWORD);
    let jwks = bench.pool().jwks().expect("keys");
    for name in ["AccessToken", "IdToken"] {
        let claims = verified(&jwks, text(&tokens, &[name]));
        assert_eq!(claims.at(&["cognito:groups"]), &value!(["editors", "admins"]));
    }
    let id = verified(&jwks, text(&tokens, &["IdToken"]));
    assert_eq!(text(&id, &["cognito:preferred_role"]), "arn:aws:iam::000000000000:role/a");
    assert_eq!(id.at(&["cognito:roles"]), &value!(["arn:aws:iam::000000000000:role/a"]));
    let users = bench.call("ListUsersInGroup", of(value!({ "GroupName": "admins" })));
    assert_eq!(users.at(&["Users"]).as_list().map(<[Value]>::len), Some(1));
    bench.call("AdminRemoveUserFromGroup", member("editors"));
    let groups = bench.call("AdminListGroupsForUser", of(value!({ "Username": "ann" })));
    assert_eq!(text(&groups.at(&["Groups"]).as_list().expect("a list")[0], &["GroupName"]), "admins");
    bench.call("DeleteGroup", of(value!({ "GroupName": "admins" })));
    let claims = verified(&jwks, text(&bench.sign_in("ann", PASSWORD), &["IdToken"]));
    assert!(claims.get("cognito:groups").is_none() && claims.get("cognito:roles").is_none());
}

#[test]
fn lists_come_in_pages_and_by_filter() {
    let bench = Bench::new(definition());
    for name in ["bob", "carl", "dora"] {
        bench.call(
            "AdminCreateUser",
            of(value!({ "Username": name, "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS" })),
        );
    }
    let names = |answer: &Value| -> Vec<String> {
        let users = answer.at(&["Users"]).as_list().expect("a list");
        users.iter().map(|user| text(user, &["Username"]).to_owned()).collect()
    };
    let first = bench.call("ListUsers", of(value!({ "Limit": 3 })));
    assert_eq!(names(&first), ["ann", "bob", "carl"]);
    let second = bench.call("ListUsers", of(value!({ "Limit": 3, "PaginationToken": (text(&first, &["PaginationToken"])) })));
    assert_eq!(names(&second), ["dora"]);
    assert!(second.at(&["PaginationToken"]).is_null());
    for (filter, expected) in [
        ("email = \"ann@example.com\"", &["ann"][..]),
        ("username ^= \"c\"", &["carl"]),
        ("cognito:user_status=\"FORCE_CHANGE_PASSWORD\"", &["bob", "carl", "dora"]),
        ("email = \"nobody@example.com\"", &[]),
    ] {
        assert_eq!(names(&bench.call("ListUsers", of(value!({ "Filter": filter })))), expected, "{filter}");
    }
    for (members, expected) in [
        (value!({ "Filter": "email" }), "InvalidParameterException: Error while parsing filter."),
        (value!({ "PaginationToken": "?" }), "InvalidParameterException: Invalid PaginationToken."),
        (value!({ "Limit": 61 }), "InvalidParameterException: Limit must be between 0 and 60."),
        (value!({ "Limit": (-1) }), "InvalidParameterException: Limit must be between 0 and 60."),
    ] {
        assert_eq!(bench.fail("ListUsers", of(members)), expected);
    }
}

#[test]
fn pools_and_clients_are_described_as_defined() {
    let bench = Bench::new(definition());
    let pool = bench.call("DescribeUserPool", of(value!({})));
    assert_eq!(text(&pool, &["UserPool", "Arn"]), format!("arn:aws:cognito-idp:eu-west-1:000000000000:userpool/{POOL}"));
    assert_eq!(pool.at(&["UserPool", "Policies", "PasswordPolicy", "MinimumLength"]).as_i64(), Some(8));
    let client = bench.call("DescribeUserPoolClient", of(value!({ "ClientId": "plain" })));
    assert_eq!(client.at(&["UserPoolClient", "ExplicitAuthFlows"]), &value!(["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]));
    let clients = bench.call("ListUserPoolClients", of(value!({})));
    assert_eq!(clients.at(&["UserPoolClients"]).as_list().map(<[Value]>::len), Some(4));
    assert_eq!(
        bench.fail("DescribeUserPoolClient", of(value!({ "ClientId": "x\ny" }))),
        "ResourceNotFoundException: User pool client x?y does not exist."
    );
}
