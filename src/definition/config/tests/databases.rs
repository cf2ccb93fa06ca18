//! SQL databases in configurations.

use std::time::Duration;

use super::{API, check, folder, load};
use crate::definition::Secret;

#[test]
fn databases_are_read_with_their_defaults() {
    let text = format!(
        "{API}[[database]]\nname = \"club\"\nscripts = \"sql/*.sql\"\n\
         [[database]]\nname = \"shop\"\nurl = \"sqlite:files/shop.db?mode=rw\"\ndurable = true\nstatement_timeout = \"3s\"\n\
         [[database]]\nname = \"far\"\nurl = \"postgres://app@db.example.com/app\"\npassword = \"p@ss/word\"\nmax_connections = 20\n"
    );
    let folder = folder(&[("sql/2.sql", "SELECT 2"), ("sql/1.sql", "SELECT 1"), ("config.toml", &text)]);
    let loaded = load(folder.path(), &[]);
    assert_eq!(loaded.diagnostics, []);
    let definition = loaded.definition.expect("it is valid");
    let [club, shop, far] = &definition.databases[..] else { panic!("three databases: {:?}", definition.databases) };
    let scripts: Vec<_> = club.scripts.iter().map(|script| (&*script.name, &*script.source.text)).collect();
    assert_eq!(scripts, [("sql/1.sql", "SELECT 1"), ("sql/2.sql", "SELECT 2")]);
    assert_eq!((club.url.as_ref(), club.max_connections, club.durable), (None, 8, false));
    let file = folder.path().join("files/shop.db");
    assert_eq!(shop.url.as_ref().map(Secret::expose), Some(&*format!("sqlite:{}?mode=rw", file.display())));
    assert_eq!((shop.durable, shop.statement_timeout), (true, Duration::from_secs(3)));
    assert_eq!((far.password.as_ref().map(Secret::expose), far.max_connections), (Some("p@ss/word"), 20));
    assert!(!format!("{definition:?}").contains("p@ss/word"));
}

#[test]
fn slips_in_databases_are_reported_where_they_stand() {
    check("[[database]]\n", &["missing-key 5:1"]);
    check("[database]\nname = \"a b\"\nurl = \"oracle://x\"\n", &["invalid-value 6:8", "invalid-value 7:7"]);
    check("[database]\nname = \"a\"\nurl = \"postgres://h:port/x\"\n", &["invalid-value 7:7"]);
    check("[[database]]\nname = \"a\"\n[[database]]\nname = \"a\"\n", &["duplicate-database 8:8"]);
    check("[database]\nname = \"a\"\nscripts = [\"nowhere.sql\", \"../x.sql\"]\n", &["missing-file 7:12", "path-escape 7:27"]);
    check(
        "[database]\nname = \"a\"\nmax_connections = 0\nidle_timeout = \"0s\"\n",
        &["invalid-value 7:19", "invalid-value 8:16"],
    );
    check(
        "[database]\nname = \"a\"\npassword = \"x\"\nstrict_parameter_types = true\ncolour = 1\n",
        &["without-effect 7:12", "without-effect 8:26", "unknown-key 9:1"],
    );
    check("[database]\nname = \"a\"\nurl = \"mysql://h/x\"\ndurable = true\n", &["without-effect 8:11"]);
}
