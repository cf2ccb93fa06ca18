//! Files that attach themselves: `resolvers/Query.getPost.js` is the resolver of `Query.getPost`.
//!
//! A resolver is `Type.field.js`, `Type.field.ts`, or `Type.field.request.vtl` with `Type.field.response.vtl`; a pipeline
//! function is `functions/NAME` with the same endings. What AppSync keeps beside the code stands in comments at the top of the
//! file: `// @dataSource posts`, `// @functions a, b`, `// @maxBatchSize 10` (`##` in templates). Names beginning with `_`,
//! `.d.ts` files and names of another form are helpers and are left alone, unless they look like a slip.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::files::Folder;
use super::table::Report;
use super::values::Spanned;
use crate::definition::Runtime;
use crate::diagnostic::{Place, Source, closest};

/// Where pipeline functions are, below the directory of resolvers.
pub(super) const FUNCTIONS: &str = "functions";
const ROOT_TYPES: [&str; 3] = ["Query", "Mutation", "Subscription"];

/// What a directory holds.
#[derive(Debug, Default)]
pub(super) struct Convention {
    /// By type and field.
    pub(super) resolvers: BTreeMap<(String, String), Files>,
    /// By name.
    pub(super) functions: BTreeMap<String, Files>,
}

/// The files of one resolver or function.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) runtime: Runtime,
    /// The beginning of the first file.
    pub(super) place: Place,
    pub(super) annotations: Annotations,
}

/// What the comments at the top of a file say.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    pub(super) data_source: Option<Spanned<String>>,
    pub(super) functions: Option<Vec<Spanned<String>>>,
    pub(super) max_batch_size: Option<Spanned<i64>>,
}

impl Annotations {
    fn is_empty(&self) -> bool {
        self.data_source.is_none() && self.functions.is_none() && self.max_batch_size.is_none()
    }
}

/// Searches `directory` of the folder.
pub(super) fn scan(folder: &Folder, directory: &str, report: &Report) -> Convention {
    let mut convention = Convention::default();
    for (stem, files) in search(folder, directory, false, report) {
        if let Some((type_name, field)) = stem.split_once('.') {
            convention.resolvers.insert((type_name.into(), field.into()), files);
        }
    }
    for (name, files) in search(folder, &format!("{directory}/{FUNCTIONS}"), true, report) {
        convention.functions.insert(name, files);
    }
    convention
}

/// What a file's name says.
#[derive(Debug, PartialEq, Eq)]
enum FileName {
    /// The code or a template of this stem: `Query.getPost`, or a function's name.
    Part(String, Part),
    /// Code that may be a helper, or may have been meant to be a resolver.
    Helper,
    /// Most probably a slip; with what to do.
    Slip(String),
    /// None of ours.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Code,
    Request,
    Response,
}

fn classify(name: &str, is_function: bool) -> FileName {
    if name.starts_with(['_', '.']) || name.ends_with(".d.ts") {
        return FileName::Other;
    }
    let endings = [(".request.vtl", Part::Request), (".response.vtl", Part::Response), (".js", Part::Code), (".ts", Part::Code)];
    let Some((stem, ending, part)) =
        endings.into_iter().find_map(|(ending, part)| Some((name.strip_suffix(ending)?, ending, part)))
    else {
        return without_ending(name, is_function);
    };
    let parts: Vec<&str> = stem.split('.').collect();
    let is_test = parts.len() > 1 && matches!(parts.last(), Some(&("test" | "spec"))) && (is_function || parts.len() > 2);
    if is_test {
        return FileName::Other;
    }
    match parts[..] {
        [name] if is_function && is_name(name) => FileName::Part(stem.into(), part),
        _ if is_function => {
            FileName::Slip(format!("a function's file is {FUNCTIONS}/NAME{ending}, NAME of letters, digits and `_`"))
        }
        [type_name, field] if is_name(type_name) && is_name(field) => {
            match ROOT_TYPES.iter().find(|root| root.eq_ignore_ascii_case(type_name) && **root != type_name) {
                Some(root) => FileName::Slip(format!("did you mean {root}.{field}{ending}?")),
                None => FileName::Part(stem.into(), part),
            }
        }
        [name] => {
            let meant = ROOT_TYPES.iter().find_map(|root| Some((root, name.strip_prefix(root)?.strip_prefix(['-', '_', ' '])?)));
            match meant {
                Some((root, field)) => FileName::Slip(format!("did you mean {root}.{field}{ending}?")),
                None if part == Part::Code => FileName::Helper,
                None => FileName::Slip(format!("a resolver's file is TYPE.FIELD{ending}, for instance Query.{name}{ending}")),
            }
        }
        [first, ..] if part != Part::Code || ROOT_TYPES.contains(&first) => {
            FileName::Slip(format!("a resolver's file is TYPE.FIELD{ending}"))
        }
        _ => FileName::Helper,
    }
}

fn without_ending(name: &str, is_function: bool) -> FileName {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let looks_attached =
        if is_function { is_name(stem) } else { stem.split_once('.').is_some_and(|(a, b)| is_name(a) && is_name(b)) };
    match ending {
        "vtl" => {
            let stem = stem.trim_end_matches(".req").trim_end_matches(".res");
            FileName::Slip(format!("a template's file is {stem}.request.vtl or {stem}.response.vtl"))
        }
        "mjs" | "cjs" | "mts" | "cts" | "jsx" | "tsx" if looks_attached => {
            FileName::Slip(format!("code is {stem}.js or {stem}.ts"))
        }
        _ => FileName::Other,
    }
}

/// A GraphQL name (specification, section Names).
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

#[derive(Default)]
struct Found {
    code: Option<Arc<Source>>,
    request: Option<Arc<Source>>,
    response: Option<Arc<Source>>,
}

fn search(folder: &Folder, directory: &str, is_function: bool, report: &Report) -> BTreeMap<String, Files> {
    let entries = match folder.entries(directory) {
        Ok(entries) => entries,
        Err(problem) => {
            report.push(problem.diagnostic(None));
            return BTreeMap::new();
        }
    };
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for entry in entries {
        let path = format!("{directory}/{}", entry.name);
        if entry.is_directory {
            if ROOT_TYPES.contains(&entry.name.as_str()) {
                let help = format!("put its files beside it, as {}.FIELD.js", entry.name);
                slip(folder, &path, report, &help);
            }
            continue;
        }
        match classify(&entry.name, is_function) {
            FileName::Part(stem, part) => match folder.source(&path) {
                Ok(source) => add(found.entry(stem).or_default(), part, source, report),
                Err(problem) => report.push(problem.diagnostic(None)),
            },
            FileName::Helper => {
                let annotated = folder.source(&path).is_ok_and(|source| !annotations(&source, &Report::default()).is_empty());
                if annotated {
                    slip(folder, &path, report, "a resolver's file is TYPE.FIELD.js, a function's functions/NAME.js");
                }
            }
            FileName::Slip(help) => slip(folder, &path, report, &help),
            FileName::Other => {}
        }
    }
    found.into_iter().filter_map(|(stem, found)| Some((stem.clone(), attach(&stem, found, report)?))).collect()
}

fn slip(folder: &Folder, path: &str, report: &Report, help: &str) {
    let message = format!("{path} attaches to nothing");
    match folder.source(path) {
        Ok(source) => report.warning("unattached-file", &Place { source, span: 0..0 }, message, help),
        Err(_) => {
            let source =
                Arc::new(Source { path: folder.shown(path.as_ref()).to_string_lossy().into_owned(), text: String::new() });
            report.warning("unattached-file", &Place { source, span: 0..0 }, message, help);
        }
    }
}

fn add(found: &mut Found, part: Part, source: Arc<Source>, report: &Report) {
    let templates = found.request.as_ref().or(found.response.as_ref());
    let other = match part {
        Part::Code => found.code.as_ref().or(templates),
        Part::Request | Part::Response => found.code.as_ref(),
    };
    if let Some(other) = other {
        let message = format!("{} and {} are for the same field or function", other.path, source.path);
        report.error("duplicate-resolver", &Place { source, span: 0..0 }, message, "keep one of them");
        return;
    }
    match part {
        Part::Code => found.code = Some(source),
        Part::Request => found.request = Some(source),
        Part::Response => found.response = Some(source),
    }
}

/// Makes the files of a stem one; `None` for a helper that only happens to have a name of this form.
fn attach(stem: &str, found: Found, report: &Report) -> Option<Files> {
    let sources: Vec<Arc<Source>> = [&found.code, &found.request, &found.response].into_iter().flatten().cloned().collect();
    let place = Place { source: Arc::clone(sources.first()?), span: 0..0 };
    let mut all = Annotations::default();
    for source in &sources {
        let more = annotations(source, report);
        all.data_source = all.data_source.or(more.data_source);
        all.functions = all.functions.or(more.functions);
        all.max_batch_size = all.max_batch_size.or(more.max_batch_size);
    }
    // `date.format.ts` is a helper; `date.format` would be a rare type.
    let lower_case = stem.contains('.') && stem.starts_with(|first: char| first.is_ascii_lowercase());
    if lower_case && all.is_empty() && found.code.is_some() {
        return None;
    }
    let runtime = match found.code {
        Some(code) => Runtime::Code(code),
        None => Runtime::Templates { request: found.request, response: found.response },
    };
    Some(Files { runtime, place, annotations: all })
}

/// Reads the comments at the top of a file.
fn annotations(source: &Arc<Source>, report: &Report) -> Annotations {
    let text = source.text.as_str();
    let is_template = source.path.ends_with(".vtl");
    let (line_comment, open, close) = if is_template { ("##", "#*", "*#") } else { ("//", "/*", "*/") };
    let spanned = |part: &str| {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        Place { source: Arc::clone(source), span: start..start + part.len() }
    };
    let mut annotations = Annotations::default();
    let mut in_block = false;
    for line in text.lines() {
        let line = line.trim_start_matches('\u{FEFF}').trim();
        if !in_block && !line.is_empty() && !line.starts_with(line_comment) && !line.starts_with(open) {
            break;
        }
        let begins = !in_block && line.starts_with(open);
        if in_block || begins {
            in_block = !line.get(if begins { open.len() } else { 0 }..).is_some_and(|rest| rest.contains(close));
        }
        let body = line.split(close).next().unwrap_or(line).trim_start_matches(['/', '*', '#', ' ', '\t']).trim_end();
        let Some(annotation) = body.strip_prefix('@') else { continue };
        let end = annotation.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(annotation.len());
        let (word, rest) = annotation.split_at(end);
        let first =
            |part| str::split_whitespace(part).next().map(|word| Spanned { value: word.to_owned(), place: spanned(word) });
        let values: Vec<Spanned<String>> = rest.split(',').filter_map(first).collect();
        let needs = |what: &str| {
            report.error(
                "invalid-value",
                &spanned(body),
                format!("`@{word}` needs {what}"),
                format!("{line_comment} @{word} {what}"),
            );
        };
        match (word, values.into_iter().next()) {
            ("dataSource", Some(name)) => annotations.data_source = Some(name),
            ("dataSource", None) => needs("NAME"),
            ("functions", Some(_)) => annotations.functions = Some(rest.split(',').filter_map(first).collect()),
            ("functions", None) => needs("NAME, NAME"),
            ("maxBatchSize", number) => {
                let number = number.and_then(|n| Some(Spanned { value: n.value.parse::<i64>().ok()?, place: n.place }));
                match number {
                    Some(number) => annotations.max_batch_size = Some(number),
                    None => needs("NUMBER"),
                }
            }
            _ => {
                if let Some(near) = closest(word, ["dataSource", "functions", "maxBatchSize"]) {
                    let message = format!("`@{word}` means nothing");
                    report.warning("unknown-annotation", &spanned(body), message, format!("did you mean `@{near}`?"));
                }
            }
        }
    }
    annotations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, is_function: bool, expected: &str) {
        let seen = match classify(name, is_function) {
            FileName::Part(stem, part) => format!("{stem} {part:?}"),
            FileName::Slip(help) => format!("slip: {help}"),
            other => format!("{other:?}"),
        };
        assert_eq!(seen, expected, "{name}");
    }

    #[test]
    fn names_tell_resolvers_helpers_and_slips() {
        check("Query.getPost.js", false, "Query.getPost Code");
        check("Query.getPost.ts", false, "Query.getPost Code");
        check("Post.author.request.vtl", false, "Post.author Request");
        check("Post.author.response.vtl", false, "Post.author Response");
        check("Query.test.js", false, "Query.test Code");
        check("_helper.ts", false, "Other");
        check("Query.getPost.d.ts", false, "Other");
        check("Query.getPost.test.ts", false, "Other");
        check("README.md", false, "Other");
        check("helpers.js", false, "Helper");
        check("query.getPost.js", false, "slip: did you mean Query.getPost.js?");
        check("Query_getPost.ts", false, "slip: did you mean Query.getPost.ts?");
        check("Query.getPost.mjs", false, "slip: code is Query.getPost.js or Query.getPost.ts");
        check("Query.getPost.vtl", false, "slip: a template's file is Query.getPost.request.vtl or Query.getPost.response.vtl");
        check(
            "Query.getPost.req.vtl",
            false,
            "slip: a template's file is Query.getPost.request.vtl or Query.getPost.response.vtl",
        );
        check(
            "getPost.request.vtl",
            false,
            "slip: a resolver's file is TYPE.FIELD.request.vtl, for instance Query.getPost.request.vtl",
        );
        check("Query.getPost.old.js", false, "slip: a resolver's file is TYPE.FIELD.js");
        check("load.js", true, "load Code");
        check("load.response.vtl", true, "load Response");
        check("load.test.js", true, "Other");
        check("load-all.js", true, "slip: a function's file is functions/NAME.js, NAME of letters, digits and `_`");
    }

    fn read(path: &str, text: &str) -> (Annotations, Vec<&'static str>) {
        let report = Report::default();
        let annotations = annotations(&Arc::new(Source { path: path.into(), text: text.into() }), &report);
        (annotations, report.into_diagnostics().iter().map(|diagnostic| diagnostic.rule).collect())
    }

    #[test]
    fn only_comments_at_the_top_are_read() {
        let cases = [
            ("a.js", "// @dataSource posts\nexport", Some("posts")),
            ("a.js", "\u{FEFF}\n  // words\n\n/**\n * @dataSource posts - all of them\n */\n", Some("posts")),
            ("a.js", "/* @dataSource posts */ let x", Some("posts")),
            ("a.js", "import x from 'y'\n// @dataSource posts", None),
            ("a.js", "/* one */\nlet x\n/* @dataSource posts */", None),
            ("a.vtl", "## @dataSource posts\r\n{}", Some("posts")),
            ("a.vtl", "#* @dataSource posts *#", Some("posts")),
            ("a.vtl", "// @dataSource posts", None),
        ];
        for (path, text, expected) in cases {
            let (annotations, rules) = read(path, text);
            assert_eq!(annotations.data_source.map(|name| name.value).as_deref(), expected, "{text}");
            assert!(rules.is_empty(), "{text}");
        }
    }

    #[test]
    fn values_carry_their_places_and_slips_are_reported() {
        let (annotations, _) = read("a.js", "// @functions load,  store\n// @maxBatchSize 10");
        let functions = annotations.functions.expect("functions were given");
        let places: Vec<_> = functions.iter().map(|name| (name.value.as_str(), name.place.span.clone())).collect();
        assert_eq!(places, [("load", 14..18), ("store", 21..26)]);
        assert_eq!(annotations.max_batch_size.map(|number| number.value), Some(10));
        assert_eq!(read("a.js", "// @datasource x").1, ["unknown-annotation"]);
        assert_eq!(read("a.js", "// @dataSource").1, ["invalid-value"]);
        assert_eq!(read("a.js", "// @maxBatchSize many").1, ["invalid-value"]);
        assert_eq!(read("a.js", "// @param x").1, Vec::<&str>::new());
    }
}
