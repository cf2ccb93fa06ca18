//! One text from several files: every file a function, imports its parameters, exports its result.

use std::fmt::Write as _;

use super::analyze::{Export, Import, Imported};
use super::{File, Target};
use crate::finding::Findings;
use crate::module::{Module, Segment};

/// Reports the names that `import` asks of `target` and that it does not export.
pub(super) fn check_names(import: &Import, target: &File, files: &[File], findings: &mut Findings<'_>) {
    for name in &import.names {
        let wanted = match &name.imported {
            Imported::Name(wanted) => wanted.as_str(),
            Imported::Default => "default",
            Imported::Namespace => continue,
        };
        if !exports(target, files, wanted, 0) {
            let message = if wanted == "default" {
                format!("'{}' has no default export", target.path)
            } else {
                format!("'{}' does not export '{wanted}'", target.path)
            };
            findings.error("unknown-export", name.span.clone(), message, Some("export it there, or correct the name".into()));
        }
    }
}

/// Whether `file` exports `name`, itself or through `export * from`.
fn exports(file: &File, files: &[File], name: &str, depth: usize) -> bool {
    file.analyzed.exports.iter().any(|export| match export {
        Export::Local { exported, .. } | Export::From { exported, .. } | Export::Namespace { exported, .. } => exported == name,
        Export::All { import } => match file.targets.get(*import) {
            Some(Some(Target::File(index))) if name != "default" && depth < files.len() => {
                exports(&files[*index], files, name, depth + 1)
            }
            Some(Some(Target::Host(index))) => crate::host::TREES[*index].members.contains_key(name),
            _ => false,
        },
    })
}

/// The bundle of files that stand in order of dependency, the entry last.
pub(super) fn bundle(files: &[File]) -> Module {
    let mut code = String::from("((...$host) => { const $file = [];\n");
    let mut line = 2;
    let mut segments = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        let mut parameters = String::new();
        let mut arguments = String::new();
        for (at, (import, target)) in file.analyzed.imports.iter().zip(&file.targets).enumerate() {
            let argument = match target {
                Some(Target::Host(host)) => format!("$host[{host}], "),
                Some(Target::File(file)) => format!("$file[{file}], "),
                None => continue,
            };
            for name in &import.names {
                match &name.imported {
                    Imported::Name(imported) => {
                        let _ = write!(parameters, "{{ {imported:?}: {} }}, ", name.local);
                    }
                    // The typings have no default export; `import util from` is written nevertheless.
                    Imported::Default if matches!(target, Some(Target::Host(0))) => {
                        let _ = write!(parameters, "{{ util: {} }}, ", name.local);
                    }
                    Imported::Default if matches!(target, Some(Target::Host(_))) => {
                        let _ = write!(parameters, "{}, ", name.local);
                    }
                    Imported::Default => {
                        let _ = write!(parameters, "{{ default: {} }}, ", name.local);
                    }
                    Imported::Namespace => {
                        let _ = write!(parameters, "{}, ", name.local);
                    }
                }
                arguments.push_str(&argument);
            }
            if import.reexported {
                let _ = write!(parameters, "$from{at}, ");
                arguments.push_str(&argument);
            }
        }
        let _ = writeln!(code, "$file[{index}] = (({parameters}) => {{");
        line += 1;
        let lines = file.analyzed.code.matches('\n').count() + 1;
        segments.push(Segment {
            first_line: line,
            last_line: line + lines - 1,
            file: file.path.clone(),
            places: file.analyzed.places.clone(),
        });
        code.push_str(&file.analyzed.code);
        line += lines;
        code.push_str("\nreturn {");
        // `export *` yields to the file's own names, so it comes first.
        for export in &file.analyzed.exports {
            if let Export::All { import } = export {
                let _ = write!(code, "...(({{ default: $, ...$all }}) => $all)($from{import}), ");
            }
        }
        for export in &file.analyzed.exports {
            let _ = match export {
                Export::Local { exported, local } => write!(code, "{exported:?}: {local}, "),
                Export::From { exported, import, imported } => write!(code, "{exported:?}: $from{import}[{imported:?}], "),
                Export::Namespace { exported, import } => write!(code, "{exported:?}: $from{import}, "),
                Export::All { .. } => Ok(()),
            };
        }
        let _ = writeln!(code, "}}; }})({arguments});");
        line += 1;
    }
    let entry = files.last().expect("the entry was analyzed, or there would be an error");
    let _ = write!(code, "return $file[{}]; }})", files.len() - 1);
    let has = |name: &str| exports(entry, files, name, 0);
    Module::new(code, segments, entry.path.clone(), has("request"), has("response"))
}
