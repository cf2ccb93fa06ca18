//! The host's functions as the engine sees them, and the helpers that the prelude gives back.

use std::cell::RefCell;
use std::rc::Rc;

use appsync_utils::{Failure, Level, Utility};
use rquickjs::function::Rest;
use rquickjs::object::Property;
use rquickjs::{Array, Ctx, Function, Object as JsObject, Persistent, Value as JsValue};
use value::Value;

use super::LimitKind;
use super::convert::{Reader, Refusal, object_to_js, to_js};
use super::java_text;
use super::state::State;
use crate::host::{Node, TREES};

/// The members of `ctx` that the prelude's getters load, by number.
pub(super) const LAZY: [&str; 5] = ["source", "identity", "request", "info", "env"];

/// What the prelude returns, in its order; the host's modules follow.
const CONTEXT: usize = 0;
const ERROR: usize = 1;
const WELL_FORMED: usize = 2;
const ISO: usize = 3;
const OBJECT_PROTOTYPE: usize = 4;
const DATE: usize = 5;
const MAP: usize = 6;
const SET: usize = 7;
const MODULES: usize = 8;

/// What the engine keeps of a prepared context.
#[derive(Clone)]
pub(super) struct Helpers<'js>(Rc<Vec<JsValue<'js>>>);

impl<'js> Helpers<'js> {
    fn function(&self, at: usize) -> &Function<'js> {
        self.0[at].as_function().expect("the prelude returns a function here")
    }

    fn object(&self, at: usize) -> &JsObject<'js> {
        self.0[at].as_object().expect("the prelude returns an object here")
    }

    /// A `ctx` with the lazy members only.
    pub(super) fn new_context(&self) -> rquickjs::Result<JsObject<'js>> {
        self.function(CONTEXT).call(())
    }

    /// The host's modules, in the order of the factory's parameters.
    pub(super) fn modules(&self) -> &[JsValue<'js>] {
        &self.0[MODULES..]
    }

    pub(super) fn reader<'s>(&'s self, state: &'s State, budget: usize) -> Reader<'js, 's> {
        Reader {
            state,
            keep_undefined: false,
            budget,
            object_prototype: self.object(OBJECT_PROTOTYPE),
            date: &self.0[DATE],
            map: &self.0[MAP],
            set: &self.0[SET],
            iso: self.function(ISO),
            well_formed: self.function(WELL_FORMED),
            open: Vec::new(),
        }
    }

    pub(super) fn save(self, ctx: &Ctx<'js>) -> SavedHelpers {
        Persistent::save(ctx, self.0)
    }

    pub(super) fn restore(saved: &SavedHelpers, ctx: &Ctx<'js>) -> rquickjs::Result<Self> {
        saved.clone().restore(ctx).map(Self)
    }
}

/// [`Helpers`] outside of the engine's lock.
pub(super) type SavedHelpers = Persistent<Rc<Vec<JsValue<'static>>>>;

/// What the host's functions share. The helpers exist only after the functions, which the prelude takes.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) state: Rc<State>,
    helpers: Rc<RefCell<Option<SavedHelpers>>>,
}

impl Host {
    pub(super) fn new(state: Rc<State>) -> Self {
        Self { state, helpers: Rc::default() }
    }

    /// Builds everything that code can reach and freezes it.
    pub(super) fn prepare(&self, ctx: &Ctx<'_>) -> rquickjs::Result<()> {
        let host = JsObject::new(ctx.clone())?;
        let modules = Array::new(ctx.clone())?;
        for (at, tree) in TREES.iter().enumerate() {
            modules.set(at, self.module(ctx, tree)?)?;
        }
        host.set("modules", modules)?;
        host.set("globals", crate::compile::engine_globals().collect::<Vec<_>>())?;
        self.bind_built_ins(ctx, &host)?;
        let options = || {
            let mut options = rquickjs::context::EvalOptions::default();
            options.filename = Some("prelude".to_owned());
            options
        };
        let prelude: Function<'_> = ctx.eval_with_options(include_str!("prelude.js"), options())?;
        let returned: Vec<JsValue<'_>> = prelude.call((host,))?;
        *self.helpers.borrow_mut() = Some(Helpers(Rc::new(returned)).save(ctx));
        Ok(())
    }

    pub(super) fn helpers<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Helpers<'js>> {
        let helpers = self.helpers.borrow();
        Helpers::restore(helpers.as_ref().ok_or(rquickjs::Error::Unknown)?, ctx)
    }

    /// Lets the engine's values go.
    pub(super) fn release(&self) {
        self.helpers.take();
    }

    /// The object that code sees for one node of the tables.
    fn module<'js>(&self, ctx: &Ctx<'js>, node: &'static Node) -> rquickjs::Result<JsValue<'js>> {
        let object = match node.utility {
            Some(utility) => self.utility(ctx, utility)?.into_value().into_object().expect("functions are objects"),
            None => JsObject::new(ctx.clone())?,
        };
        for (name, member) in &node.members {
            object.prop(*name, Property::from(self.module(ctx, member)?).enumerable())?;
        }
        Ok(object.into_value())
    }

    fn utility<'js>(&self, ctx: &Ctx<'js>, utility: &'static Utility) -> rquickjs::Result<Function<'js>> {
        let host = self.clone();
        let call = move |ctx: Ctx<'js>, arguments: Rest<JsValue<'js>>| host.call(&ctx, utility, &arguments.0);
        let name = utility.name.rsplit('.').next().unwrap_or(utility.name);
        Function::new(ctx.clone(), call)?.with_name(name)
    }

    fn call<'js>(&self, ctx: &Ctx<'js>, utility: &'static Utility, arguments: &[JsValue<'js>]) -> rquickjs::Result<JsValue<'js>> {
        let helpers = self.helpers(ctx)?;
        // Code may have caught what ended the handler; nothing happens after it any more.
        if self.state.ended() {
            return Err(stop(ctx));
        }
        let mut values = Vec::with_capacity(arguments.len());
        for (at, argument) in arguments.iter().enumerate() {
            let mut reader = helpers.reader(&self.state, self.state.host_bytes.get());
            reader.keep_undefined = true;
            let read = reader.read(argument);
            self.state.host_bytes.set(reader.budget);
            match read {
                Ok(value) => values.push(value),
                Err(Refusal::Thrown) => return Err(rquickjs::Error::Exception),
                Err(Refusal::TooLarge) => {
                    self.state.limit.set(Some(LimitKind::Memory));
                    return Err(stop(ctx));
                }
                Err(Refusal::Unfit { what, path }) => {
                    let root = format!("argument {} of {}", at + 1, utility.name);
                    return Err(self.throw(ctx, &Refusal::describe(&what, &path, &root)));
                }
            }
        }
        let result = {
            let mut session = self.state.session.borrow_mut();
            let Some(session) = session.as_mut() else { return Err(stop(ctx)) };
            (utility.call)(session, &values)
        };
        match result {
            // `undefined` is what functions without a result return; nobody tells it from null.
            Ok(value) => to_js(ctx, &value, &self.state, 0),
            Err(Failure::Invalid { message, .. }) => Err(self.throw(ctx, &message)),
            Err(failure) => {
                *self.state.failure.borrow_mut() = Some(failure);
                Err(stop(ctx))
            }
        }
    }

    /// Throws an error that reports itself by its message alone, at the place of the call.
    fn throw(&self, ctx: &Ctx<'_>, message: &str) -> rquickjs::Error {
        let made = self.helpers(ctx).and_then(|helpers| helpers.function(ERROR).call::<_, JsValue<'_>>((message,)));
        match made {
            Ok(error) => ctx.throw(error),
            Err(error) => error,
        }
    }

    fn bind_built_ins<'js>(&self, ctx: &Ctx<'js>, object: &JsObject<'js>) -> rquickjs::Result<()> {
        let host = self.clone();
        let now = move || {
            let session = host.state.session.borrow();
            #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53 for 285,000 years")]
            session.as_ref().map_or(f64::NAN, |session| session.clock.now_ms() as f64)
        };
        object.set("now", Function::new(ctx.clone(), now)?)?;

        let host = self.clone();
        let random = move || {
            let mut bytes = [0; 8];
            if let Some(session) = host.state.session.borrow().as_ref() {
                session.ids.fill(&mut bytes);
            }
            #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
            let number = (u64::from_le_bytes(bytes) >> 11) as f64;
            number / 9_007_199_254_740_992.0
        };
        object.set("random", Function::new(ctx.clone(), random)?)?;

        let host = self.clone();
        let write = move |ctx: Ctx<'js>, is_error: bool, line: String| {
            if host.state.ended() {
                return Err(stop(&ctx));
            }
            let Some(left) = host.state.host_bytes.get().checked_sub(line.len()) else {
                host.state.limit.set(Some(LimitKind::Memory));
                return Err(stop(&ctx));
            };
            host.state.host_bytes.set(left);
            if let Some(session) = host.state.session.borrow_mut().as_mut() {
                session.effects.log(if is_error { Level::Error } else { Level::Info }, line);
            }
            Ok(())
        };
        object.set("write", Function::new(ctx.clone(), write)?)?;

        let host = self.clone();
        let load = move |ctx: Ctx<'js>, index: usize| host.load(&ctx, index);
        object.set("load", Function::new(ctx.clone(), load)?)?;

        let host = self.clone();
        let replace = move |ctx: Ctx<'js>, first: bool, text: String, pattern: String, replacement: String| {
            let replaced = java_text::replace(&host.state, &text, &pattern, &replacement, first);
            replaced.map_err(|error| host.throw(&ctx, &error))
        };
        object.set("javaReplace", Function::new(ctx.clone(), replace)?)?;

        let host = self.clone();
        let split = move |ctx: Ctx<'js>, text: String, pattern: String| {
            java_text::split(&host.state, &text, &pattern).map_err(|error| host.throw(&ctx, &error))
        };
        object.set("javaSplit", Function::new(ctx.clone(), split)?)
    }

    /// A lazy member of `ctx`.
    fn load<'js>(&self, ctx: &Ctx<'js>, index: usize) -> rquickjs::Result<JsValue<'js>> {
        let name = LAZY.get(index).copied().unwrap_or_default();
        let value = self.state.context.borrow().get(name).cloned();
        match (name, value) {
            // Readable, but left out where the context is printed or passed on: "Context reference", info.
            ("info", Some(Value::Object(info))) => {
                object_to_js(ctx, &info, &self.state, 1, &["selectionSetList", "selectionSetGraphQL"]).map(JsObject::into_value)
            }
            (_, Some(value)) => to_js(ctx, &value, &self.state, 1),
            ("source" | "identity", None) => Ok(JsValue::new_null(ctx.clone())),
            (_, None) => JsObject::new(ctx.clone()).map(JsObject::into_value),
        }
    }
}

/// Ends the handler. Code that catches this gains nothing: the outcome is recorded already.
fn stop(ctx: &Ctx<'_>) -> rquickjs::Error {
    ctx.throw(JsValue::new_null(ctx.clone()))
}
