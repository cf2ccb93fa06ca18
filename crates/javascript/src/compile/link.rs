//! A program: files in order of dependency, with their imports looked up.

use std::sync::Arc;

use value::Str;

use super::module::{ExportedName, FileCode, Imported};
use crate::code::{Constant, FunctionCode, Slot};
use crate::heap::Val;
use crate::host::HostNode;

/// What an import of a file refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// One of the host's modules.
    Host(usize),
    /// Another file of the program; it stands before the one that imports it.
    File(usize),
}

/// Why files cannot be linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    /// What is wrong.
    pub message: String,
    /// In which file.
    pub file: usize,
    /// Byte offset into its text.
    pub offset: usize,
}

/// Code that can be evaluated, any number of times and on any thread. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) data: Arc<ProgramData>,
}

#[derive(Debug)]
pub(crate) struct ProgramData {
    pub(crate) files: Vec<FileData>,
    pub(crate) functions: Vec<FunctionCode>,
    /// All strings of all files.
    pub(crate) strings: Vec<Constant>,
    pub(crate) globals: usize,
    /// What the entry exports.
    exports: Vec<(Str, Found)>,
}

#[derive(Debug)]
pub(crate) struct FileData {
    /// The number that places carry.
    pub(crate) number: u32,
    pub(crate) text: Str,
    /// Where its strings, functions and globals begin among those of the program.
    pub(crate) strings: u32,
    pub(crate) functions: u32,
    pub(crate) globals: u32,
    /// The function that is its body.
    pub(crate) body: u32,
    pub(crate) imports: Vec<Found>,
    pub(crate) linked: Vec<Option<Val>>,
    /// The object that `import * as` sees, made once its body ran: where it is kept, and what it holds.
    pub(crate) namespace: Option<Namespace>,
}

/// Where a namespace object is kept, and what it holds.
type Namespace = (u32, Vec<(Str, Found)>);

/// What an imported name is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    /// Known before anything runs.
    Value(Val),
    /// A variable of a module.
    Global(u32),
}

impl Program {
    /// Whether the entry exports `name`.
    #[must_use]
    pub fn exports(&self, name: &str) -> bool {
        self.data.export(name).is_some()
    }
}

impl ProgramData {
    pub(crate) fn export(&self, name: &str) -> Option<Found> {
        self.exports.iter().find(|(exported, _)| **exported == *name).map(|(_, found)| *found)
    }
}

/// Links files that stand in order of dependency, the entry last. `targets` has one entry for each import of each file; what an
/// import without a target gives is `undefined`.
///
/// # Errors
/// A name that its file does not export.
pub fn link(files: Vec<FileCode>, targets: &[Vec<Option<Target>>], modules: &'static [HostNode]) -> Result<Program, LinkError> {
    let mut linker = Linker { targets, modules, files, globals: Vec::new(), namespaces: Vec::new(), next_global: 0 };
    for at in 0..linker.files.len() {
        linker.globals.push(linker.next_global);
        linker.next_global += count(linker.files[at].globals.len());
    }
    linker.namespaces = vec![None; linker.files.len()];
    linker.link()
}

struct Linker<'l> {
    targets: &'l [Vec<Option<Target>>],
    modules: &'static [HostNode],
    files: Vec<FileCode>,
    /// Where each file's globals begin.
    globals: Vec<u32>,
    /// Where each file's namespace object is kept, if anybody wants it.
    namespaces: Vec<Option<u32>>,
    next_global: u32,
}

impl Linker<'_> {
    fn link(mut self) -> Result<Program, LinkError> {
        let mut imports = Vec::with_capacity(self.files.len());
        for file in 0..self.files.len() {
            imports.push(self.imports(file)?);
        }
        let entry = self.files.len().saturating_sub(1);
        let exports = self.all_exports(entry);
        // A namespace that holds another one wants that, too; those stand before it.
        let mut namespaces: Vec<Option<Namespace>> = vec![None; self.files.len()];
        for file in (0..self.files.len()).rev() {
            if let Some(slot) = self.namespaces[file] {
                namespaces[file] = Some((slot, self.all_exports(file)));
            }
        }
        let mut data = ProgramData {
            files: Vec::new(),
            functions: Vec::new(),
            strings: Vec::new(),
            globals: self.next_global as usize,
            exports,
        };
        for (at, ((file, imports), namespace)) in self.files.into_iter().zip(imports).zip(namespaces).enumerate() {
            let linked = file.linked.iter().map(|(import, names)| known(imports.get(*import as usize), names)).collect();
            let first = count(data.functions.len());
            data.files.push(FileData {
                number: count(file.number),
                text: file.text,
                strings: count(data.strings.len()),
                functions: first,
                globals: self.globals[at],
                body: first + count(file.functions.len()) - 1,
                imports,
                linked,
                namespace,
            });
            data.strings.extend(file.strings);
            data.functions.extend(file.functions.into_iter().map(|function| FunctionCode { file: count(at), ..function }));
        }
        Ok(Program { data: Arc::new(data) })
    }

    fn target(&self, file: usize, import: usize) -> Option<Target> {
        let target = self.targets.get(file)?.get(import).copied().flatten()?;
        match target {
            Target::Host(module) => (module < self.modules.len()).then_some(target),
            // Files that are not before this one would be a circle.
            Target::File(other) => (other < file).then_some(target),
        }
    }

    fn imports(&mut self, file: usize) -> Result<Vec<Found>, LinkError> {
        for import in 0..self.files[file].imports.len() {
            let Some(target) = self.target(file, import) else { continue };
            for name in self.files[file].imports[import].names.clone() {
                if self.find(target, &name.imported).is_none() {
                    let missing = match &name.imported {
                        Imported::Name(name) => format!("does not export '{name}'"),
                        _ => "has no default export".to_owned(),
                    };
                    let from = &self.files[file].imports[import].source;
                    let message = format!("'{from}' {missing}");
                    return Err(LinkError { message, file: self.files[file].number, offset: name.offset });
                }
            }
        }
        let mut found = Vec::with_capacity(self.files[file].bindings.len());
        for (import, imported) in self.files[file].bindings.clone() {
            let target = self.target(file, import);
            found.push(target.and_then(|target| self.find(target, &imported)).unwrap_or(Found::Value(Val::Undefined)));
        }
        Ok(found)
    }

    fn find(&mut self, target: Target, imported: &Imported) -> Option<Found> {
        match (target, imported) {
            (Target::Host(module), Imported::Namespace) => Some(Found::Value(Val::Host(&self.modules[module]))),
            // The typings have no default export; `import util from` is written nevertheless.
            (Target::Host(0), Imported::Default) => {
                Some(Found::Value(self.modules[0].members.get("util").map_or(Val::Host(&self.modules[0]), Val::Host)))
            }
            (Target::Host(module), Imported::Default) => Some(Found::Value(Val::Host(&self.modules[module]))),
            (Target::Host(module), Imported::Name(name)) => {
                Some(Found::Value(self.modules[module].members.get(name.as_str()).map_or(Val::Undefined, Val::Host)))
            }
            (Target::File(file), Imported::Namespace) => Some(self.namespace(file)),
            (Target::File(file), Imported::Default) => self.export(file, "default", 0),
            (Target::File(file), Imported::Name(name)) => self.export(file, name, 0),
        }
    }

    fn namespace(&mut self, file: usize) -> Found {
        let slot = *self.namespaces[file].get_or_insert_with(|| {
            self.next_global += 1;
            self.next_global - 1
        });
        Found::Global(slot)
    }

    /// What `file` exports as `name`, itself or through `export * from`.
    fn export(&mut self, file: usize, name: &str, depth: usize) -> Option<Found> {
        let own = self.files[file].exports.iter().find(|export| match export {
            ExportedName::Local { exported, .. }
            | ExportedName::From { exported, .. }
            | ExportedName::Namespace { exported, .. } => exported == name,
            ExportedName::All { .. } => false,
        });
        match own.cloned() {
            Some(ExportedName::Local { slot, .. }) => return self.slot(file, slot.0),
            Some(ExportedName::From { import, imported, .. }) => {
                let imported = if imported == "default" { Imported::Default } else { Imported::Name(imported) };
                return self.target(file, import).and_then(|target| self.find(target, &imported));
            }
            Some(ExportedName::Namespace { import, .. }) => {
                return self.target(file, import).and_then(|target| self.find(target, &Imported::Namespace));
            }
            Some(ExportedName::All { .. }) | None => {}
        }
        if name == "default" || depth > self.files.len() {
            return None;
        }
        for export in self.files[file].exports.clone() {
            let ExportedName::All { import } = export else { continue };
            let found = match self.target(file, import) {
                Some(Target::File(other)) => self.export(other, name, depth + 1),
                Some(Target::Host(module)) => self.modules[module].members.get(name).map(|node| Found::Value(Val::Host(node))),
                None => None,
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn slot(&mut self, file: usize, slot: Slot) -> Option<Found> {
        match slot {
            Slot::Global(at) => Some(Found::Global(self.globals[file] + at)),
            Slot::Import(at) => {
                let (import, imported) = self.files[file].bindings.get(at as usize)?.clone();
                self.target(file, import).and_then(|target| self.find(target, &imported))
            }
            _ => None,
        }
    }

    /// Everything that `file` exports.
    fn all_exports(&mut self, file: usize) -> Vec<(Str, Found)> {
        let mut names: Vec<String> = Vec::new();
        self.names(file, &mut names, 0);
        names.into_iter().filter_map(|name| Some((Str::from(name.as_str()), self.export(file, &name, 0)?))).collect()
    }

    fn names(&self, file: usize, names: &mut Vec<String>, depth: usize) {
        let mut add = |name: &str| {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        };
        for export in &self.files[file].exports {
            match export {
                ExportedName::Local { exported, .. }
                | ExportedName::From { exported, .. }
                | ExportedName::Namespace { exported, .. } => add(exported),
                ExportedName::All { .. } => {}
            }
        }
        for export in &self.files[file].exports {
            let ExportedName::All { import } = export else { continue };
            match self.target(file, *import) {
                Some(Target::File(other)) if depth < self.files.len() => {
                    let mut others = Vec::new();
                    self.names(other, &mut others, depth + 1);
                    others.iter().filter(|name| *name != "default").for_each(|name| {
                        if !names.contains(name) {
                            names.push(name.clone());
                        }
                    });
                }
                Some(Target::Host(module)) => self.modules[module].members.keys().for_each(|name| {
                    if !names.iter().any(|known| known == name) {
                        names.push((*name).to_owned());
                    }
                }),
                _ => {}
            }
        }
    }
}

/// What names below an import of the host are.
fn known(import: Option<&Found>, names: &[Str]) -> Option<Val> {
    let Some(Found::Value(Val::Host(node))) = import else { return None };
    let mut node: &'static HostNode = node;
    for name in names {
        node = node.members.get(&**name)?;
    }
    Some(Val::Host(node))
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
