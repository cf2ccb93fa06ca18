//! Finding a resolver or function of a definition by the name that people call it.

use std::path::Path;

use value::Object;

use super::{CompileSettings, Program};
use crate::definition::{ApiDefinition, Runtime, ServerDefinition};
use crate::diagnostic::closest;
use crate::resolver::env;

/// A resolver or function of a definition.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The API that it belongs to.
    pub api: &'a ApiDefinition,
    /// Its code or templates.
    pub runtime: &'a Runtime,
    /// The type and field of a resolver.
    pub field: Option<(&'a str, &'a str)>,
}

impl Target<'_> {
    /// Its program. Relative imports stay inside the definition's folder.
    #[must_use]
    pub fn program(&self, folder: &Path) -> Program {
        let settings = CompileSettings {
            folder: Some(folder.to_path_buf()),
            strict: self.api.strict,
            limits: self.api.limits,
            velocity: self.api.velocity,
        };
        Program::of(self.runtime, &settings)
    }

    /// The members of `ctx` that the definition knows: `env`, and of a resolver the `info` of a request for it.
    #[must_use]
    pub fn members(&self) -> Object {
        let mut members = Object::with_capacity(2);
        members.insert("env", env(&self.api.environment_variables));
        if let Some((type_name, field_name)) = self.field {
            let mut info = Object::with_capacity(3);
            info.insert("fieldName", field_name);
            info.insert("parentTypeName", type_name);
            info.insert("variables", Object::new());
            members.insert("info", info);
        }
        members
    }
}

/// Why a name leads to nothing that can be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTarget {
    /// Nothing is called that.
    #[error("there is no {kind} {name:?}")]
    Unknown {
        /// `resolver` or `function`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The name that was probably meant.
        near: Option<String>,
    },
    /// Several APIs have one.
    #[error("{name:?} is in several APIs: {}", .apis.join(", "))]
    Ambiguous {
        /// The name.
        name: String,
        /// Their ids.
        apis: Vec<String>,
    },
    /// No API has this id or name.
    #[error("there is no API {name:?}")]
    UnknownApi {
        /// The name.
        name: String,
        /// The ids there are.
        apis: Vec<String>,
    },
    /// It has neither code nor templates.
    #[error("{name:?} has neither code nor templates: its data source gets the whole context")]
    Direct {
        /// The name.
        name: String,
    },
}

/// The resolver `Type.field`, or the function of that name; `api` is an API's id or name where there are several.
///
/// # Errors
/// See [`NoTarget`].
pub fn find_target<'a>(definition: &'a ServerDefinition, name: &str, api: Option<&str>) -> Result<Target<'a>, NoTarget> {
    let ids = |apis: &[&ApiDefinition]| apis.iter().map(|api| api.api_id.to_string()).collect::<Vec<_>>();
    let mut apis: Vec<&ApiDefinition> = definition.apis.iter().collect();
    if let Some(wanted) = api {
        let all = ids(&apis);
        apis.retain(|api| &*api.api_id == wanted || &*api.name == wanted);
        if apis.is_empty() {
            return Err(NoTarget::UnknownApi { name: wanted.to_owned(), apis: all });
        }
    }
    let found: Vec<Target<'a>> = apis.iter().filter_map(|api| in_api(api, name)).collect();
    match found[..] {
        [Target { runtime: Runtime::Direct, .. }] => Err(NoTarget::Direct { name: name.to_owned() }),
        [target] => Ok(target),
        [] => Err(unknown(&apis, name)),
        _ => {
            let apis: Vec<&ApiDefinition> = found.iter().map(|target| target.api).collect();
            Err(NoTarget::Ambiguous { name: name.to_owned(), apis: ids(&apis) })
        }
    }
}

fn in_api<'a>(api: &'a ApiDefinition, name: &str) -> Option<Target<'a>> {
    let Some((type_name, field_name)) = name.split_once('.') else {
        return api.functions.get(name).map(|function| Target { api, runtime: &function.runtime, field: None });
    };
    let resolver =
        api.resolvers.iter().find(|resolver| &*resolver.type_name == type_name && &*resolver.field_name == field_name)?;
    Some(Target { api, runtime: &resolver.runtime, field: Some((&resolver.type_name, &resolver.field_name)) })
}

fn unknown(apis: &[&ApiDefinition], name: &str) -> NoTarget {
    let (kind, known): (_, Vec<String>) = if name.contains('.') {
        let resolvers = apis.iter().flat_map(|api| &api.resolvers);
        ("resolver", resolvers.map(|resolver| format!("{}.{}", resolver.type_name, resolver.field_name)).collect())
    } else {
        ("function", apis.iter().flat_map(|api| api.functions.keys()).map(ToString::to_string).collect())
    };
    let near = closest(name, known.iter().map(String::as_str)).map(ToString::to_string);
    NoTarget::Unknown { kind, name: name.to_owned(), near }
}
