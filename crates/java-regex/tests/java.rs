//! What Java answers, recorded (`tests/java/*.tsv`): matching, finding with groups, replacing, splitting, refusing.

#![expect(clippy::print_stdout, reason = "a test reports how many cases it ran")]

use java_regex::{JavaRegex, RegexError};

/// Written by hand, and generated.
const CASES: [&str; 2] = [include_str!("java/regex.tsv"), include_str!("java/generated.tsv")];

/// Cases that differ, with the reason.
const KNOWN: &[(&str, &str)] = &[
    (r"\N{LATIN SMALL LETTER A}", "characters by name would need a table of all names: they are refused"),
    (r"\N{WHITE SMILING FACE}\N{GREEK SMALL LETTER ALPHA}", "as above"),
    (r"\N{nosuch name}", "as above"),
    ("(?iu)ß", "alone, Java compares it exactly; within a longer text it does not"),
    ("", "Java splits characters beyond U+FFFF into halves"),
];

/// `«hex»` is the character of that number; `«null»` stands as it is.
fn plain(column: &str) -> String {
    let mut out = String::new();
    let mut rest = column;
    while let Some((before, after)) = rest.split_once('«') {
        out.push_str(before);
        let (code, after) = after.split_once('»').expect("a closing mark");
        match u32::from_str_radix(code, 16) {
            Ok(code) => out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
            Err(_) => out.push_str(&format!("«{code}»")),
        }
        rest = after;
    }
    out + rest
}

fn answer(operation: &str, pattern: &str, text: &str, argument: &str) -> Result<String, RegexError> {
    let regex = JavaRegex::new(pattern)?;
    Ok(match operation {
        "matches" => regex.matches_whole(text)?.to_string(),
        "find" => {
            let mut out = String::new();
            for found in regex.find_iter(text) {
                let found = found?;
                out.push_str(&format!("<{}", &text[found.start()..found.end()]));
                for group in 1..found.groups() {
                    out.push('|');
                    out.push_str(found.group(group).unwrap_or("«null»"));
                }
                out.push('>');
            }
            out
        }
        "replaceAll" => regex.replace_all(text, argument)?,
        "replaceFirst" => regex.replace_first(text, argument)?,
        "split" => regex.split(text, argument.parse().expect("a number"))?.iter().map(|part| format!("<{part}>")).collect(),
        other => panic!("unknown operation {other}"),
    })
}

#[test]
fn java_answers_the_same() {
    let (mut passed, mut failed) = (0, Vec::new());
    for (number, line) in CASES.iter().flat_map(|cases| cases.lines().enumerate()).filter(|(_, line)| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [operation, pattern, text, argument, expected] = columns[..] else { panic!("line {}: {line}", number + 1) };
        let outcome = answer(operation, &plain(pattern), &plain(text), &plain(argument));
        let (equal, shown) = match (plain(expected).strip_prefix('!').map(str::to_owned), outcome) {
            // The description; what Java adds of the place in the pattern is not compared.
            (Some(description), Err(error)) => (error.to_string().starts_with(&*description), format!("!{error}")),
            (_, Ok(answer)) => (answer == plain(expected), answer),
            (_, Err(error)) => (false, format!("!{error}")),
        };
        if equal || KNOWN.iter().any(|(known, _)| *known == pattern) {
            passed += 1;
        } else {
            failed.push(format!("line {}: {line}\n    got {shown}", number + 1));
        }
    }
    println!("passed {passed}, failed {}", failed.len());
    assert!(failed.is_empty(), "{} cases differ:\n{}", failed.len(), failed.join("\n"));
    assert!(passed >= 2_000, "only {passed} cases were run");
}
