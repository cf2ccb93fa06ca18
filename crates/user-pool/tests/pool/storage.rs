//! What is kept, how, and what happens when several use it at once.

use std::fs;
use std::sync::Arc;

use user_pool::{
    DefinitionError, OpenError, Options, PoolDefinition, Storage, TokenRequest, TokenUse, UserDefinition, UserPools,
};
use value::value;

use crate::support::{Bench, PASSWORD, POOL, by_password, by_refresh_token, definition, text, verified};

fn in_folder(folder: &tempfile::TempDir) -> Bench {
    Bench::in_storage(definition(), Storage::Folder(folder.path().to_owned()))
}

fn sign_up(name: &str) -> value::Value {
    value!({ "ClientId": "web", "Username": name, "Password": PASSWORD })
}

#[test]
fn everything_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let (tokens, jwks) = {
        let bench = in_folder(&folder);
        bench.call("SignUp", sign_up("bob"));
        (bench.sign_in("bob", PASSWORD), bench.pool().jwks().expect("keys"))
    };
    let bench = in_folder(&folder);
    assert_eq!(bench.pool().jwks().expect("keys"), jwks);
    bench.call("GetUser", value!({ "AccessToken": (text(&tokens, &["AccessToken"])) }));
    bench.call("InitiateAuth", by_refresh_token("web", text(&tokens, &["RefreshToken"])));
    bench.sign_in("bob", PASSWORD);
    let (_, proof) = bench.srp("plain", "bob", PASSWORD);
    bench.call("RespondToAuthChallenge", proof);
    assert_eq!(bench.pool().usernames(), ["ann", "bob"]);
}

#[test]
fn nothing_is_written_before_it_is_needed() {
    let folder = tempfile::tempdir().expect("a folder");
    let below = folder.path().join("pools");
    let bench = Bench::in_storage(definition(), Storage::Folder(below.clone()));
    assert!(bench.fail("InitiateAuth", by_password("web", "nobody", PASSWORD)).starts_with("NotAuthorizedException"));
    assert!(!below.exists());
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_files_and_no_password_or_token_is_in_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let bench = in_folder(&folder);
    bench.call("SignUp", sign_up("bob"));
    let tokens = bench.sign_in("bob", PASSWORD);
    let below = folder.path().join(POOL);
    assert_eq!(fs::metadata(&below).expect("the folder").permissions().mode() & 0o777, 0o700);
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(&below).expect("the folder") {
        let entry = entry.expect("an entry");
        assert_eq!(entry.metadata().expect("a file").permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        names.push(entry.file_name().into_string().expect("a name"));
        let content = fs::read_to_string(entry.path()).expect("a text");
        for secret in [PASSWORD, text(&tokens, &["RefreshToken"]), text(&tokens, &["AccessToken"])] {
            assert!(!content.contains(secret), "{:?}", entry.path());
        }
    }
    names.sort();
    assert_eq!(names, [".gitignore", "lock", "signing-key.pem", "users.json"]);
}

/// Somebody copied the folder, or took it from a backup.
#[cfg(unix)]
#[test]
fn files_that_others_could_read_are_closed_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let bench = in_folder(&folder);
    bench.call("SignUp", sign_up("bob"));
    bench.sign_in("bob", PASSWORD);
    drop(bench);
    let files = ["signing-key.pem", "users.json"].map(|name| folder.path().join(POOL).join(name));
    for file in &files {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).expect("it is ours");
    }
    in_folder(&folder).sign_in("bob", PASSWORD);
    for file in &files {
        assert_eq!(fs::metadata(file).expect("the file").permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn a_second_process_reads_and_issues_but_does_not_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let early = in_folder(&folder);
    let server = in_folder(&folder);
    server.call("SignUp", sign_up("bob"));
    let late = in_folder(&folder);
    assert_eq!(late.pool().usernames(), ["ann", "bob"]);
    for other in [&early, &late] {
        let token = other.pool().issue(&TokenRequest::new("bob", "web", TokenUse::Access)).expect("a token");
        verified(&server.pool().jwks().expect("keys"), &token);
        let refused = other.send("SignUp", &sign_up("carl"), user_pool::Caller::Client);
        assert_eq!(refused.status, 500);
        assert!(refused.error.expect("an error").message.contains("in use by another process"));
    }
    drop(server);
    // Whoever is next keeps what the first one did.
    early.call("SignUp", sign_up("carl"));
    assert_eq!(early.pool().usernames(), ["ann", "bob", "carl"]);
}

#[test]
fn damaged_files_are_named_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let below = folder.path().join(POOL);
    fs::create_dir(&below).expect("a folder");
    let options = Options { storage: Storage::Folder(folder.path().to_owned()), ..Options::in_memory() };
    for content in ["{", "{\"version\":9,\"users\":[],\"groups\":[],\"sessions\":[]}"] {
        fs::write(below.join("users.json"), content).expect("written");
        let error = UserPools::open(vec![definition()], &options).expect_err("damaged");
        assert!(matches!(&error, OpenError::Content { path, .. } if path.ends_with("users.json")), "{error}");
        assert_eq!(fs::read_to_string(below.join("users.json")).expect("read"), content);
    }
    fs::remove_file(below.join("users.json")).expect("removed");
    fs::write(below.join("signing-key.pem"), "no key").expect("written");
    let pools = UserPools::open(vec![definition()], &options).expect("good users");
    let error = pools.pool(POOL).expect("the pool").jwks().expect_err("no key");
    assert!(matches!(&error, OpenError::Content { path, .. } if path.ends_with("signing-key.pem")), "{error}");
}

#[test]
fn a_change_that_cannot_be_saved_did_not_happen() {
    let folder = tempfile::tempdir().expect("a folder");
    let bench = in_folder(&folder);
    bench.call("SignUp", sign_up("bob"));
    let users = folder.path().join(POOL).join("users.json");
    fs::remove_file(&users).expect("removed");
    fs::create_dir(&users).expect("in the way");
    let refused = bench.send("SignUp", &sign_up("carl"), user_pool::Caller::Client);
    assert_eq!(refused.status, 500);
    assert_eq!(bench.pool().usernames(), ["ann", "bob"]);
    fs::remove_dir(&users).expect("removed");
    bench.call("SignUp", sign_up("dora"));
    assert_eq!(in_folder(&folder).pool().usernames(), ["ann", "bob", "dora"]);
}

#[test]
fn many_at_once_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let bench = Arc::new(in_folder(&folder));
    let same: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|worker| {
                let bench = Arc::clone(&bench);
                scope.spawn(move || {
                    for number in 0..3 {
                        bench.call("SignUp", sign_up(&format!("user{worker}-{number}")));
                    }
                    usize::from(bench.send("SignUp", &sign_up("wanted"), user_pool::Caller::Client).status == 200)
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).sum()
    });
    assert_eq!(same, 1, "one name, one user");
    assert_eq!(bench.pool().usernames().len(), 1 + 8 * 3 + 1);
    assert_eq!(in_folder(&folder).pool().usernames(), bench.pool().usernames());
}

#[test]
fn processes_that_make_the_key_at_once_agree_on_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let benches: Vec<Bench> = (0..4).map(|_| in_folder(&folder)).collect();
    let keys: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = benches.iter().map(|bench| scope.spawn(|| bench.pool().jwks().expect("keys"))).collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[test]
fn a_definition_that_breaks_a_rule_is_refused_by_name() {
    let pool = |id: &str| PoolDefinition { id: id.to_owned(), ..definition() };
    let open = |definitions| match UserPools::open(definitions, &Options::in_memory()) {
        Err(OpenError::Definition(error)) => error,
        other => panic!("{other:?}"),
    };
    for id in ["", "pool", "_x", "eu_", "../x_y", "eu-west-1_a/b", "eu-west-1_a.b", "eu_a_b", "e\0_a", "eu-west-1_é"] {
        assert_eq!(open(vec![pool(id)]), DefinitionError::PoolId(id.to_owned()));
    }
    assert_eq!(open(vec![definition(), definition()]), DefinitionError::RepeatedPool(POOL.to_owned()));
    assert_eq!(open(vec![definition(), pool("eu-west-1_Other")]), DefinitionError::SharedClient("legacy".to_owned()));
    let mut twice = definition();
    twice.users.push(UserDefinition::new("ANN"));
    assert!(matches!(open(vec![twice]), DefinitionError::Repeated { what: "user", .. }));
    let mut client = definition();
    client.clients[0].access_token_validity = std::time::Duration::from_secs(1);
    assert!(matches!(open(vec![client]), DefinitionError::Validity { what: "access token", .. }));
    for user in [
        UserDefinition::new("a b"),
        UserDefinition::new("bob").with_password(""),
        UserDefinition::new("bob").with_attribute("sub", "x"),
        UserDefinition::new("bob").with_attribute("nonsense", "x"),
        UserDefinition::new("bob").with_attribute("email", "x"),
    ] {
        let mut wrong = definition();
        wrong.users.push(user);
        assert!(matches!(open(vec![wrong]), DefinitionError::User { .. }));
    }
    let mut group = definition();
    group.users[0].groups.push("a b".to_owned());
    assert!(matches!(open(vec![group]), DefinitionError::GroupName { .. }));
    assert!(!format!("{:?}", definition()).contains(PASSWORD));
}
