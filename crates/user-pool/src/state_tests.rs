//! What a state must keep to.

use std::collections::BTreeSet;

use super::*;
use crate::definition::UserDefinition;

fn pool() -> PoolDefinition {
    PoolDefinition::new("eu-west-1_Test")
}

fn user(name: &str, attributes: &[(&str, &str)]) -> User {
    User {
        username: name.to_owned(),
        sub: format!("sub-{name}"),
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        groups: Vec::new(),
        status: UserStatus::Confirmed,
        enabled: true,
        verifier: None,
        defined: false,
        created: 1,
        modified: 1,
        signed_out: None,
        defined_password: None,
    }
}

fn session(id: &str, user: &str, auth_time: i64, expires: i64) -> Session {
    Session {
        id: id.to_owned(),
        token_hash: "hash".to_owned(),
        user: user.to_owned(),
        sub: format!("sub-{user}"),
        client: "client".to_owned(),
        auth_time,
        expires,
        revoked: false,
    }
}

fn with_users(users: &[User]) -> State {
    let mut state = State::default();
    for user in users {
        state.users.insert(user.username.to_lowercase(), Arc::new(user.clone()));
    }
    state
}

#[test]
fn users_are_found_by_what_signs_in_and_by_nothing_else() {
    let ann = user("Ann", &[("email", "ann@example.com"), ("email_verified", "true"), ("phone_number", "+491234")]);
    let bob = user("bob", &[("email", "bob@example.com"), ("preferred_username", "bobby")]);
    let state = with_users(&[ann, bob]);
    let alias = PoolDefinition {
        alias_attributes: BTreeSet::from([
            SignInAttribute::Email,
            SignInAttribute::PhoneNumber,
            SignInAttribute::PreferredUsername,
        ]),
        ..pool()
    };
    let email = PoolDefinition { username_attributes: BTreeSet::from([SignInAttribute::Email]), ..pool() };
    let alias = PoolDefinition { case_sensitive: false, ..alias };
    let any_case = PoolDefinition { case_sensitive: false, ..pool() };
    for (definition, name, expected) in [
        (&any_case, "ann", Some("ann")),
        (&any_case, "ANN", Some("ann")),
        (&pool(), "sub-Ann", Some("ann")),
        (&pool(), "ann@example.com", None),
        (&alias, "Ann@Example.com", Some("ann")),
        (&alias, "+491234", None), // not verified
        (&alias, "bob@example.com", None),
        (&alias, "bobby", Some("bob")),
        (&email, "bob@example.com", Some("bob")), // is the user name, verified or not
        (&email, "+491234", None),
        (&pool(), "Ann", None), // the key in this state is lower case
        (&pool(), "ann", Some("ann")),
        (&alias, "", None),
    ] {
        assert_eq!(state.find(definition, name).map(|(key, _)| key), expected, "{name}");
    }
}

#[test]
fn an_alias_has_one_owner() {
    let definition = PoolDefinition { alias_attributes: BTreeSet::from([SignInAttribute::Email]), ..pool() };
    let verified = &[("email", "x@example.com"), ("email_verified", "true")];
    let state = with_users(&[user("ann", verified)]);
    assert_eq!(state.alias_owner(&definition, "bob", &user("bob", verified)), Some(("ann".to_owned(), SignInAttribute::Email)));
    assert_eq!(state.alias_owner(&definition, "ann", &user("ann", verified)), None);
    assert_eq!(state.alias_owner(&definition, "bob", &user("bob", &verified[..1])), None);
}

#[test]
fn a_definition_holds_again_after_every_start() {
    let mut definition = pool();
    definition.groups.push(GroupDefinition { precedence: Some(1), ..GroupDefinition::new("editors") });
    definition.users.push(UserDefinition::new("ann").with_password("a").with_attribute("name", "Ann").in_group("editors"));
    definition.users.push(UserDefinition::new("bob").in_group("readers"));
    let mut state = State::default();
    state.apply(&definition, 1);
    assert_eq!(state.groups["editors"].precedence, Some(1));
    assert!(state.groups.contains_key("readers"));
    let first = state.users["ann"].clone();
    assert_eq!(first.sub, random::derived_uuid(&["eu-west-1_Test", "ann"]));

    // What happened since: other attributes and groups, a user who signed up, sessions.
    let ann = state.user_mut("ann").expect("ann");
    ann.set_attribute("name", "Changed");
    ann.set_attribute("nickname", "A");
    ann.groups.push("readers".to_owned());
    state.users.insert("eve".to_owned(), Arc::new(User { groups: vec!["readers".to_owned()], ..user("eve", &[]) }));
    state.add_session(Session { sub: first.sub.clone(), ..session("1", "ann", 1, 100) }, 1);
    state.add_session(session("2", "bob", 1, 100), 1);
    let mut state = State::from_json(&definition, &state.to_json()).expect("its own form");

    definition.users.pop();
    state.apply(&definition, 2);
    let again = &state.users["ann"];
    assert_eq!((again.attribute("name"), again.attribute("nickname")), (Some("Ann"), Some("A")));
    assert_eq!(again.groups, ["editors"]);
    assert_eq!((again.sub.as_str(), again.created), (first.sub.as_str(), 1));
    assert!(!state.users.contains_key("bob"), "no longer defined");
    assert!(state.users["eve"].groups.is_empty(), "the group left with the definition");
    assert_eq!(state.sessions.keys().collect::<Vec<_>>(), ["1"]);
}

#[test]
fn sessions_are_bounded_and_the_oldest_gives_way() {
    let mut state = with_users(&[user("ann", &[]), user("bob", &[])]);
    state.add_session(session("bobs", "bob", 0, 1000), 1);
    for number in 0..MAX_USER_SESSIONS + 5 {
        state.add_session(session(&format!("{number:03}"), "ann", i64::try_from(number).expect("small"), 1000), 1);
    }
    assert_eq!(state.sessions.len(), MAX_USER_SESSIONS + 1);
    assert!(!state.sessions.contains_key("004") && state.sessions.contains_key("005") && state.sessions.contains_key("bobs"));
    // Long after their end they are forgotten.
    state.add_session(session("new", "bob", 0, 1_000_000), 1000 + SESSION_MEMORY);
    assert_eq!(state.sessions.keys().collect::<Vec<_>>(), ["new"]);
}

#[test]
fn signing_out_revokes_every_session_of_the_user_only() {
    let mut state = with_users(&[user("ann", &[]), user("bob", &[])]);
    for (id, of) in [("1", "ann"), ("2", "ann"), ("3", "bob")] {
        state.add_session(session(id, of, 0, 1000), 1);
    }
    state.sign_out("ann", 7);
    assert_eq!(state.sessions.values().map(|session| session.revoked).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!((state.users["ann"].signed_out, state.users["bob"].signed_out), (Some(7), None));
    state.remove_user("ann");
    assert_eq!(state.sessions.len(), 1);
}

#[test]
fn a_changed_address_is_no_longer_verified() {
    let mut ann = user("ann", &[("email", "a@example.com"), ("email_verified", "true")]);
    ann.set_attribute("email", "a@example.com");
    assert_eq!(ann.attribute("email_verified"), Some("true"));
    ann.set_attribute("email", "b@example.com");
    assert_eq!(ann.attribute("email_verified"), Some("false"));
}

#[test]
fn a_file_of_another_form_is_refused_without_quoting_it() {
    for json in [
        "",
        "[]",
        r#"{"version":2,"users":[],"groups":[],"sessions":[]}"#,
        r#"{"version":1,"users":[{"username":"secret-name"}],"groups":[],"sessions":[]}"#,
        r#"{"version":1,"users":"secret-name","groups":[],"sessions":[]}"#,
        r#"{"version":1,"users":[],"groups":[],"sessions":[],"more":1}"#,
    ] {
        let error = State::from_json(&pool(), json.as_bytes()).expect_err(json);
        assert!(!error.contains("secret-name"), "{error}");
    }
}
