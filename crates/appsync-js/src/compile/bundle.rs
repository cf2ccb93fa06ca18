//! Several files as one program.

use javascript::{ExportedName, Imported, ImportedFrom, Target};

use super::File;
use super::analyze::exported_as;
use crate::finding::Findings;
use crate::host::NAMES;

/// Reports the names that `import` asks of `target` and that it does not export.
pub(super) fn check_names(import: &ImportedFrom, target: &File, files: &[File], findings: &mut Findings<'_>) {
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
            let span = name.offset..name.offset;
            findings.error("unknown-export", span, message, Some("export it there, or correct the name".into()));
        }
    }
}

/// Whether `file` exports `name`, itself or through `export * from`.
fn exports(file: &File, files: &[File], name: &str, depth: usize) -> bool {
    // What could not be compiled has been reported; its names are not known.
    let Some(code) = &file.code else { return true };
    code.exports.iter().any(|export| match export {
        ExportedName::All { import } => match file.targets.get(*import) {
            Some(Some(Target::File(index))) if name != "default" && depth < files.len() => {
                exports(&files[*index], files, name, depth + 1)
            }
            Some(Some(Target::Host(index))) => NAMES.trees[*index].members.contains_key(name),
            _ => false,
        },
        export => exported_as(export).is_some_and(|exported| exported == name),
    })
}
