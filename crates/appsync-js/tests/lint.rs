//! AppSync's own lint plugin, `@aws-appsync/eslint-plugin`, as the oracle of the checks: the same rules at the same places with
//! the same words, over collected snippets in many positions and over generated programs.
//!
//! The plugin runs in Node.js with both of its configurations, `base` and, with TypeScript's types, `recommended`;
//! `scripts/clients node` installs it. Where the checks differ from it on purpose, [`DIVERGENCES`] says so, and why.
//!
//! `SYNCGATE_LINT_ALL=1` puts every snippet into every position instead of two, `SYNCGATE_LINT_PROGRAMS` is how many programs are
//! generated instead of 50, `SYNCGATE_LINT_SEED` which ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use appsync_js::{CompileOptions, Entry, Finding, Severity, compile};
use value::Value;

#[path = "lint/divergences.rs"]
mod divergences;
#[path = "lint/programs.rs"]
mod programs;

use divergences::{DIVERGENCES, LESS_IS_KNOWN, Side};

const EXPRESSIONS: &str = include_str!("lint/expressions.txt");
const STATEMENTS: &str = include_str!("lint/statements.txt");
const MODULES: &str = include_str!("lint/modules.txt");
const TYPESCRIPT: &str = include_str!("lint/typescript.txt");

/// Where an expression `$` may stand.
const EXPRESSION_POSITIONS: &[&str] = &[
    "return $",
    "const x = { a: [1, ($)] }",
    "const f = (p = $) => 1",
    "const { a = $ } = ctx.args",
    "return `x${$}y`",
    "if ($) { return 1 }",
    "for (const x of [$]) { ctx.stash.x = x }",
    "switch (1) { case $: return 2 }",
    "ctx.stash.y = ctx.args?.[$]",
    "return [1].map((x) => [x, $])",
    "function inner() { const y = ($); return [y] } return inner()",
    "return (1, $)",
    "const o = { [$]: 1, ...($) }",
    "return !($) && ctx.args",
    "const later = () => $",
    "const o = { m() { return [$] } }",
    "class C { m = $; static s = [$]; n() { return [$] } }",
    "block: { if ($) { break block } }",
    "return helper($)",
    "return [1, 2].includes($) ? ($) : 0",
    "ctx.stash[$] = 1",
    "let v; v = $",
];

/// Where a statement `$` may stand.
const STATEMENT_POSITIONS: &[&str] = &[
    "$",
    "if (ctx.args.a) { $ }",
    "for (const z of [1]) { $ }",
    "function inner() { $ }",
    "const inner = () => { $ }",
    "switch (1) { case 1: { $ } }",
    "return [1].map((z) => { $ })",
    "const o = { m() { $ } }",
    "class C { m() { $ } }",
    "try { $ } finally { }",
];

/// What snippets find around them.
fn in_handler(body: &str) -> String {
    let functions = "function helper(x) { return x }\nfunction twice(f, x) { return [f, x] }\nfunction cache(x) { return x }\n\
                     function recursive(n) { return n ? recursive(n - 1) : 0 }\nconst leads = () => recursive(1)\n";
    format!("{functions}export function request(ctx) {{\n  {body}\n}}\n")
}

/// A snippet's line as code: line ends, carriage returns, line separators and byte order marks are written as symbols.
fn unescaped(line: &str) -> String {
    line.replace('⏎', "\n").replace('␍', "\r").replace('␤', "\u{2028}").replace('⌂', "\u{feff}")
}

/// A file of code.
struct Case {
    name: String,
    code: String,
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty())
}

fn snippets() -> Vec<Case> {
    let all = std::env::var_os("SYNCGATE_LINT_ALL").is_some_and(|text| text == "1");
    let mut cases = Vec::new();
    let mut add = |extension: &str, code: String| {
        let name = format!("s{:05}.{extension}", cases.len());
        cases.push(Case { name, code });
    };
    for (snippets, positions) in [(EXPRESSIONS, EXPRESSION_POSITIONS), (STATEMENTS, STATEMENT_POSITIONS)] {
        for (at, snippet) in lines(snippets).enumerate() {
            // Each snippet in some of the positions, the next one in others.
            let taken = if all { positions.len() } else { 2 };
            for position in positions.iter().cycle().skip(at * taken % positions.len()).take(taken) {
                add("js", in_handler(&position.replace('$', snippet)));
            }
        }
        for snippet in lines(snippets) {
            add("ts", in_handler(&positions[0].replace('$', snippet)));
        }
    }
    for module in lines(MODULES) {
        add("js", unescaped(module));
    }
    for module in lines(TYPESCRIPT) {
        add("ts", unescaped(module));
    }
    cases
}

/// A finding of either side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    line: usize,
    column: usize,
    rule: String,
    /// What AppSync says, where that is known.
    message: Option<String>,
}

/// What the checks refuse in `strict` mode, and where they warn of a method because they do not know what it is called on.
struct Ours {
    refused: BTreeSet<Found>,
    doubtful: BTreeSet<Found>,
}

fn ours(case: &Case) -> Result<Ours, String> {
    let options = CompileOptions { strict: true, ..CompileOptions::default() };
    let compiled = compile(Entry { path: &case.name, text: &case.code }, &|_| None, &options);
    if let Some(broken) = compiled.findings.iter().find(|finding| matches!(finding.rule, "syntax" | "internal")) {
        return Err(broken.to_string());
    }
    // What is asked of a module as a whole is not the plugin's business.
    let asked = |finding: &&Finding| !matches!(finding.rule, "missing-handlers" | "unexported-handler");
    let of = |severity: Severity| {
        let findings = compiled.findings.iter().filter(asked);
        findings.filter(|finding| finding.severity == severity).map(found).collect::<BTreeSet<_>>()
    };
    let (refused, doubtful) = (of(Severity::Error), of(Severity::Warning));
    assert!(doubtful.iter().all(|found| found.rule == "no-disallowed-methods"), "only these are in doubt: {doubtful:?}");
    Ok(Ours { refused, doubtful })
}

fn found(finding: &Finding) -> Found {
    Found { line: finding.line, column: finding.column, rule: finding.rule.to_owned(), message: finding.appsync.clone() }
}

/// What the plugin finds, by file and configuration.
type Theirs = BTreeMap<(String, String), Result<BTreeSet<Found>, String>>;

/// The folder of the packages that npm installed by the pins of `tests/clients/node_lint/`; none where such tests are left out.
fn packages() -> Option<PathBuf> {
    if std::env::var_os("SYNCGATE_SKIP_SERVERS").is_some_and(|text| text == "1") {
        #[allow(clippy::print_stderr, reason = "a test that does not run must be seen")]
        {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            eprintln!("SKIPPED: {test}: SYNCGATE_SKIP_SERVERS=1 leaves out what runs against AppSync's lint plugin");
        }
        return None;
    }
    let pins = include_str!("../../../tests/clients/node_lint/package-lock.json");
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let root = cache.or_else(home).expect("HOME or XDG_CACHE_HOME").join("syncgate/clients/node_lint");
    let folders = std::fs::read_dir(&root).into_iter().flatten().flatten().map(|entry| entry.path());
    let complete = |folder: &PathBuf| {
        !folder.is_symlink()
            && folder.join(".complete").exists()
            && std::fs::read_to_string(folder.join("package-lock.json")).is_ok_and(|text| text == pins)
    };
    let found = folders.into_iter().find(complete).unwrap_or_else(|| {
        panic!(
            "AppSync's lint plugin is not installed below {}: run scripts/clients node, or set SYNCGATE_SKIP_SERVERS=1 to leave \
             out the tests that need it",
            root.display()
        )
    });
    Some(found.join("node_modules"))
}

/// Asks the plugin about all files at once.
fn theirs(packages: &Path, folder: &Path, cases: &[Case]) -> std::thread::JoinHandle<Theirs> {
    let code = folder.join("code");
    std::fs::create_dir_all(&code).expect("a folder for the code");
    for case in cases {
        std::fs::write(code.join(&case.name), &case.code).expect("a file of code");
    }
    // What a project that follows the plugin's instructions has; without `strict`, because AppSync takes plain JavaScript.
    let settings = r#"{"compilerOptions": {"target": "esnext", "module": "esnext", "moduleResolution": "bundler",
        "lib": ["esnext", "dom"], "types": [], "allowJs": true, "checkJs": true, "noEmit": true, "strict": false},
        "include": ["**/*.js", "**/*.ts"]}"#;
    std::fs::write(code.join("tsconfig.json"), settings).expect("tsconfig.json");
    let script = include_str!("../../../tests/clients/node_lint/oracle.mjs");
    std::fs::write(folder.join("oracle.mjs"), script).expect("the script");
    let link = folder.join("node_modules");
    if !link.exists() {
        std::os::unix::fs::symlink(packages, &link).expect("a link to the packages");
    }
    let mut node = Command::new("node");
    node.arg("oracle.mjs").arg("code").current_dir(folder).env_remove("NODE_OPTIONS");
    std::thread::spawn(move || {
        let output = node.output().expect("Node.js");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let answers = String::from_utf8(output.stdout).expect("UTF-8");
        answers.lines().map(answer).collect()
    })
}

fn answer(line: &str) -> ((String, String), Result<BTreeSet<Found>, String>) {
    let answer = Value::parse(line.as_bytes()).expect("JSON");
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("no {name} in {line}")).to_owned()
    };
    let number = |value: &Value, name: &str| {
        let number = value.get(name).and_then(Value::as_f64).unwrap_or_else(|| panic!("no {name} in {line}"));
        number as usize
    };
    let key = (text(&answer, "file"), text(&answer, "config"));
    if let Some(fatal) = answer.get("fatal").and_then(Value::as_str) {
        return (key, Err(fatal.to_owned()));
    }
    let findings = answer.get("findings").and_then(Value::as_list).expect("findings");
    let findings = findings.iter().map(|finding| Found {
        line: number(finding, "line"),
        column: number(finding, "column"),
        rule: text(finding, "rule"),
        message: Some(text(finding, "message")),
    });
    (key, Ok(findings.collect()))
}

/// The rest of the code from a place on.
fn text_at(code: &str, line: usize, column: usize) -> String {
    let code = code.replace("\r\n", "\n").replace('\r', "\n");
    let units: Vec<u16> = code.split('\n').nth(line - 1).unwrap_or_default().encode_utf16().skip(column - 1).collect();
    String::from_utf16_lossy(&units)
}

/// Compares both sides over files; the reasons of the divergences that were met, by how often.
fn compare(cases: &[Case]) -> BTreeMap<&'static str, usize> {
    let Some(packages) = packages() else { return BTreeMap::new() };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let theirs = theirs(&packages, folder.path(), cases);
    let ours: Vec<_> = cases.iter().map(ours).collect();
    let theirs = theirs.join().expect("the plugin's answers");
    let mut met = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut compared = 0;
    let mut agreed = 0;
    for (case, ours) in cases.iter().zip(ours) {
        let answer = |config: &str| &theirs[&(case.name.clone(), config.to_owned())];
        let (ours, recommended) = match (ours, answer("recommended")) {
            (Ok(ours), Ok(theirs)) => (ours, theirs),
            (Err(_), Err(_)) => continue,
            (ours, theirs) => {
                let ours = ours.map(|ours| ours.refused);
                // TypeScript's parser lets pass what the language forbids; whoever refuses it, it does not run.
                if theirs.is_err() {
                    wrong.push(("read by one side only".to_owned(), format!("{ours:?} {theirs:?}\n{}", case.code)));
                }
                continue;
            }
        };
        let base = answer("base").as_ref().expect("what one configuration can read, the other can");
        assert!(base.is_subset(recommended), "{}: the configurations differ\n{}", case.name, case.code);
        compared += 1;
        let Ours { refused: ours, doubtful } = ours;
        let place = |found: &Found| (found.line, found.column, found.rule.clone());
        let (here, there): (BTreeSet<_>, BTreeSet<_>) =
            (ours.iter().map(place).collect(), recommended.iter().map(place).collect());
        let sides = [
            (Side::OnlyHere, ours.iter().filter(|found| !there.contains(&place(found))).collect::<Vec<_>>()),
            (Side::OnlyThere, recommended.iter().filter(|found| !here.contains(&place(found))).collect()),
        ];
        for (side, found) in sides {
            for found in found {
                let text = text_at(&case.code, found.line, found.column);
                if side == Side::OnlyThere && doubtful.iter().any(|doubtful| place(doubtful) == place(found)) {
                    *met.entry(LESS_IS_KNOWN).or_default() += 1;
                    continue;
                }
                let reason = DIVERGENCES.iter().find(|divergence| {
                    divergence.side == side
                        && divergence.rules.contains(&found.rule.as_str())
                        && (divergence.when)(&text, &case.code)
                });
                match reason {
                    Some(divergence) => *met.entry(divergence.reason).or_default() += 1,
                    None => {
                        let kind = format!("{side:?} {}: {}", found.rule, text.chars().take(14).collect::<String>());
                        wrong.push((kind, format!("{found:?}\n{}", case.code)));
                    }
                }
            }
        }
        agreed += here.intersection(&there).count();
        for theirs in recommended.iter().filter(|found| found.rule != "no-recursion") {
            let mut same = ours.iter().filter(|ours| place(ours) == place(theirs)).peekable();
            if same.peek().is_some() && !same.any(|ours| ours.message == theirs.message) {
                wrong.push((format!("other words: {}", theirs.rule), format!("{theirs:?}\n{}", case.code)));
            }
        }
    }
    assert!(compared * 10 > cases.len() * 9, "most of the code can be read: {compared} of {}", cases.len());
    assert!(agreed > cases.len(), "both sides find much: {agreed} in {} files", cases.len());
    // One of each kind is shown.
    let mut kinds: BTreeMap<String, (usize, &String)> = BTreeMap::new();
    for (kind, text) in &wrong {
        kinds.entry(kind.clone()).or_insert((0, text)).0 += 1;
    }
    let shown: Vec<String> = kinds.iter().take(100).map(|(kind, (count, text))| format!("{count} x {kind}\n{text}")).collect();
    assert!(wrong.is_empty(), "{} differences in {compared} files:\n{}", wrong.len(), shown.join("\n"));
    met
}

#[test]
fn snippets_are_refused_as_appsync_refuses_them() {
    let cases = snippets();
    assert!(cases.len() > 250);
    let met = compare(&cases);
    if !met.is_empty() {
        let unmet: Vec<&str> =
            DIVERGENCES.iter().map(|divergence| divergence.reason).filter(|reason| !met.contains_key(reason)).collect();
        assert!(unmet.is_empty(), "divergences that nothing shows any more: {unmet:#?}");
    }
}

#[test]
fn generated_programs_are_refused_as_appsync_refuses_them() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let count = number("SYNCGATE_LINT_PROGRAMS").unwrap_or(50);
    let seed = number("SYNCGATE_LINT_SEED").unwrap_or(1);
    let cases: Vec<Case> = (seed..seed + count)
        .map(|seed| Case { name: format!("p{seed:06}.js"), code: programs::program(seed, EXPRESSIONS, STATEMENTS) })
        .collect();
    compare(&cases);
}
