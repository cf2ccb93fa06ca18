//! The functions and constants that the typings of the npm package `@aws-appsync/utils` name are all in the runtime's tables.
//!
//! `scripts/clients node` installs the package, as `tests/clients/node_lint` pins it. Without it the test says so and passes, unless
//! `SYNCGATE_TYPINGS_REQUIRED` is set.

#![expect(clippy::print_stdout, reason = "a test reports what it compared, or that it was skipped")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use appsync_utils::{Languages, Utility, extensions, find, module, runtime, utilities};

const PINS: &str = include_str!("../../../tests/clients/node_lint/package-lock.json");

/// The package's folder, if it is installed as pinned.
fn package() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let installed = std::fs::read_dir(cache.join("syncgate/clients/node_lint")).ok()?.flatten();
    let folders = installed.map(|entry| entry.path());
    let folder = folders.into_iter().find(|folder| {
        folder.join(".complete").exists()
            && std::fs::read_to_string(folder.join("package-lock.json")).is_ok_and(|pins| pins == PINS)
    })?;
    Some(folder.join("node_modules/@aws-appsync/utils"))
}

/// A file of declarations without its comments.
fn declarations(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The members of the object type `name`: those that are functions, and those that name another type.
fn members(text: &str, name: &str) -> Option<(BTreeSet<String>, BTreeMap<String, String>)> {
    let start = [format!("type {name} = {{"), format!("interface {name} {{")]
        .iter()
        .find_map(|head| Some(text.find(head)? + head.len()))?;
    let (mut functions, mut types) = (BTreeSet::new(), BTreeMap::new());
    let mut depth = 0;
    let mut statement = String::new();
    for character in text[start..].chars() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' if depth == 0 => break,
            '}' | ')' | ']' => depth -= 1,
            ';' if depth == 0 => {
                let line = std::mem::take(&mut statement);
                let name: String = line.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                let after = line.trim()[name.len()..].trim_start().to_owned();
                if after.starts_with(['(', '<']) || after.trim_start_matches([':', ' ']).starts_with('(') {
                    functions.insert(name);
                } else if let Some(other) = after.strip_prefix(':') {
                    types.insert(name, other.trim().to_owned());
                }
                continue;
            }
            _ => {}
        }
        statement.push(character);
    }
    Some((functions, types))
}

/// The dotted names of the functions of a type and of the types that its members have.
fn functions(files: &[String], name: &str, prefix: &str, out: &mut BTreeSet<String>) {
    let Some((functions_here, types)) = files.iter().find_map(|text| members(text, name)) else {
        panic!("the typings have no type {name}");
    };
    out.extend(functions_here.iter().map(|function| format!("{prefix}{function}")));
    for (member, other) in types {
        functions(files, &other, &format!("{prefix}{member}."), out);
    }
}

fn missing(names: &BTreeSet<String>, table: &'static [Utility]) -> Vec<String> {
    let known = |name: &str| find(table, name).is_some_and(|utility| utility.languages != Languages::Vtl);
    names.iter().filter(|name| !known(name)).cloned().collect()
}

#[test]
fn the_typings_name_nothing_that_is_missing() {
    let Some(package) = package() else {
        assert!(
            std::env::var_os("SYNCGATE_TYPINGS_REQUIRED").is_none(),
            "@aws-appsync/utils is not installed: scripts/clients node"
        );
        println!("skipped: @aws-appsync/utils is not installed; `scripts/clients node` installs it");
        return;
    };
    let mut files: Vec<(String, String)> = Vec::new();
    for entry in std::fs::read_dir(package.join("lib")).expect("the package has lib/").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".d.ts") {
            files.push((name, declarations(&std::fs::read_to_string(entry.path()).expect("a file of declarations"))));
        }
    }
    let texts: Vec<String> = files.iter().map(|(_, text)| text.clone()).collect();
    let mut compared = 0;
    let mut absent = Vec::new();
    for (root, table) in [("Util", utilities()), ("Extensions", extensions()), ("Runtime", runtime())] {
        let mut names = BTreeSet::new();
        functions(&texts, root, "", &mut names);
        compared += names.len();
        absent.extend(missing(&names, table).into_iter().map(|name| format!("{root}: {name}")));
    }
    for (file, name) in [("dynamodb-helpers.d.ts", "dynamodb"), ("rds-helpers.d.ts", "rds"), ("bedrock-helpers.d.ts", "ai")] {
        let text = &files.iter().find(|(known, _)| known == file).unwrap_or_else(|| panic!("the typings have no {file}")).1;
        let mut names = BTreeSet::new();
        let word = |rest: &str| rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
        names.extend(text.split("export declare function ").skip(1).map(word));
        for constant in text.split("export declare const ").skip(1) {
            let (constant, rest) = constant.split_once(':').expect("a constant has a type");
            functions(&texts, &word(rest.trim_start()), &format!("{}.", constant.trim()), &mut names);
        }
        compared += names.len();
        absent.extend(missing(&names, module(name).expect("a module")).into_iter().map(|missing| format!("{name}: {missing}")));
    }
    println!("{compared} functions of the typings compared");
    assert!(absent.is_empty(), "the runtime lacks {absent:?}");
    assert!(compared >= 106, "only {compared} functions were found in the typings");
}

/// The functions of AWS's pages about templates: what they list besides those that JavaScript has, too.
#[test]
fn the_guide_names_no_template_utility_that_is_missing() {
    const GUIDE: &str = "
        qr quiet escapeJavaScript urlEncode urlDecode base64Encode base64Decode parseJson toJson autoId autoUlid autoKsuid unauthorized error
        appendError validate isNull isNullOrEmpty isNullOrBlank defaultIfNull defaultIfNullOrEmpty defaultIfNullOrBlank isString isNumber
        isBoolean isList isMap typeOf matches authType log.info log.debug log.error time.nowISO8601 time.nowEpochSeconds
        time.nowEpochMilliSeconds time.nowFormatted time.parseFormattedToEpochMilliSeconds time.parseISO8601ToEpochMilliSeconds
        time.epochMilliSecondsToSeconds time.epochMilliSecondsToISO8601 time.epochMilliSecondsToFormatted list.copyAndRetainAll
        list.copyAndRemoveAll list.sortList map.copyAndRetainAllKeys map.copyAndRemoveAllKeys dynamodb.toDynamoDB dynamodb.toDynamoDBJson
        dynamodb.toString dynamodb.toStringJson dynamodb.toStringSet dynamodb.toStringSetJson dynamodb.toNumber dynamodb.toNumberJson
        dynamodb.toNumberSet dynamodb.toNumberSetJson dynamodb.toBinary dynamodb.toBinaryJson dynamodb.toBinarySet dynamodb.toBinarySetJson
        dynamodb.toBoolean dynamodb.toBooleanJson dynamodb.toNull dynamodb.toNullJson dynamodb.toList dynamodb.toListJson dynamodb.toMap
        dynamodb.toMapJson dynamodb.toMapValues dynamodb.toMapValuesJson dynamodb.toS3Object dynamodb.toS3ObjectJson
        dynamodb.fromS3ObjectJson rds.toJsonString rds.toJsonObject http.copyHeaders http.addResponseHeader http.addResponseHeaders
        xml.toMap xml.toJsonString transform.toDynamoDBFilterExpression transform.toDynamoDBConditionExpression
        transform.toElasticsearchQueryDSL transform.toSubscriptionFilter math.roundNum math.minVal math.maxVal math.randomDouble
        math.randomWithinRange str.toUpper str.toLower str.toReplace str.normalize";
    let known = |name: &&str| find(utilities(), name).is_some_and(|utility| utility.languages != Languages::Js);
    let absent: Vec<&str> = GUIDE.split_whitespace().filter(|name| !known(name)).collect();
    assert!(absent.is_empty(), "templates lack {absent:?}");
}
