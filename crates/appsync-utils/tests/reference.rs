//! `docs/reference/utilities.md` is what the crate says of its utilities. `UPDATE_DOCS=1 cargo test -p appsync-utils --test reference`
//! writes it anew.

use std::fmt::Write as _;

use appsync_utils::{Languages, Section, reference, table_of};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/utilities.md");
const GUIDE: &str = "https://docs.aws.amazon.com/appsync/latest/devguide";

const HEAD: &str = "# Utilities

Every function of `util`, `extensions`, `runtime` and of the modules of `@aws-appsync/utils`: what it takes and gives, an example, and
where it differs from AWS. Made from the source by `UPDATE_DOCS=1 cargo test -p appsync-utils --test reference`; every example is run by
a test.

The examples run at 2018-02-06T19:01:35.750Z for a request with an API key, with random bytes that are `01 23 45 67 89 ab cd ef` again
and again. `ddb`, `rds` and `ai` are the modules `@aws-appsync/utils/dynamodb`, `/rds` and `/ai`, imported with `import * as`. Results
are JSON for JavaScript and text for templates; behind `with` stands what a call causes besides its result.
";

/// Text between backquotes, also if it has some itself.
fn quoted(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// The name as code writes it.
fn path(section: &Section, name: &str, language: Languages) -> String {
    match (section.table, language) {
        ("util" | "extensions" | "runtime", Languages::Vtl) => format!("${}.{name}", section.table),
        ("util" | "extensions" | "runtime", _) => format!("{}.{name}", section.table),
        _ => name.to_owned(),
    }
}

fn page() -> String {
    let mut out = HEAD.to_owned();
    for section in reference() {
        let utilities = table_of(section).expect("a table");
        let _ = write!(out, "\n## {}\n\n", section.title);
        let links: Vec<String> = [("JavaScript", section.js_page), ("VTL", section.vtl_page)]
            .into_iter()
            .filter(|(_, page)| !page.is_empty())
            .map(|(language, page)| format!("[{language}]({GUIDE}/{page})"))
            .collect();
        let _ = writeln!(out, "AWS's pages: {}.", links.join(", "));
        for entry in &section.entries {
            let utility = utilities.iter().find(|utility| utility.name == entry.name).expect("a utility");
            let only = match utility.languages {
                Languages::Both => "",
                Languages::Js => " JavaScript only.",
                Languages::Vtl => " VTL only.",
            };
            let _ = write!(out, "\n### `{}`\n\n", path(section, &entry.name, utility.languages));
            let _ = write!(out, "`{}{}`\n\n{}{only}\n\n", entry.name, entry.signature, entry.behaviour);
            for example in &entry.examples {
                let result = match (example.result.strip_prefix('!'), example.result) {
                    (Some(message), _) => format!("an error: {}", quoted(message)),
                    (None, "") => "nothing".to_owned(),
                    (None, result) => match result.split_once(" with ") {
                        Some(("", effects)) => format!("nothing, with {}", quoted(effects)),
                        Some((result, effects)) => format!("{} with {}", quoted(result), quoted(effects)),
                        None => quoted(result),
                    },
                };
                let _ = writeln!(out, "- {} gives {result}", quoted(example.code));
            }
            if !entry.parity.is_empty() {
                let _ = write!(out, "\nParity: {}\n", entry.parity);
            }
        }
    }
    out
}

#[test]
fn the_page_says_what_the_source_says() {
    let wanted = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, &wanted).expect("the page is written");
    }
    let found = std::fs::read_to_string(PAGE).unwrap_or_default();
    let differs = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
    assert!(
        found == wanted,
        "docs/reference/utilities.md is not what the source says, from line {} on; `UPDATE_DOCS=1 cargo test -p appsync-utils --test reference` writes it anew",
        differs.unwrap_or(found.lines().count().min(wanted.lines().count())) + 1
    );
}
