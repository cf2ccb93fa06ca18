//! Values in and out of the engine, object by object.
//!
//! Numbers: code sees doubles. A number whose digits a double loses (beyond 2^53, or a long decimal) is remembered while the
//! evaluation runs, and handed on exactly where code hands the same double on. If two such numbers share one double, the
//! double goes out. `1.0` goes out as `1`. Keys that look like array indexes come first, as JavaScript orders them.

use rquickjs::object::Property;
use rquickjs::{Array, Ctx, Function, Object as JsObject, String as JsString, Type, Value as JsValue};
use value::{MAX_DEPTH, Number, Object, Value};

use super::state::State;

/// Integers from here on may share their double with another integer.
const SAFE: f64 = 9_007_199_254_740_992.0;

/// Converts `value` for code.
pub(super) fn to_js<'js>(ctx: &Ctx<'js>, value: &Value, state: &State, depth: usize) -> rquickjs::Result<JsValue<'js>> {
    Ok(match value {
        Value::Null => JsValue::new_null(ctx.clone()),
        Value::Bool(value) => JsValue::new_bool(ctx.clone(), *value),
        Value::Number(number) => {
            let double = number.as_f64();
            if !number.is_exact_in_f64() || double.abs() >= SAFE {
                state.remember(number);
            }
            JsValue::new_number(ctx.clone(), double)
        }
        Value::String(text) => JsString::from_str(ctx.clone(), text)?.into_value(),
        Value::List(items) => {
            check_depth(ctx, depth)?;
            let array = Array::new(ctx.clone())?;
            for (at, item) in items.iter().enumerate() {
                array.set(at, to_js(ctx, item, state, depth + 1)?)?;
            }
            array.into_value()
        }
        Value::Object(object) => object_to_js(ctx, object, state, depth, &[])?.into_value(),
    })
}

/// Converts an object; the members named in `hidden` can be read but are not enumerated.
pub(super) fn object_to_js<'js>(
    ctx: &Ctx<'js>,
    object: &Object,
    state: &State,
    depth: usize,
    hidden: &[&str],
) -> rquickjs::Result<JsObject<'js>> {
    check_depth(ctx, depth)?;
    let converted = JsObject::new(ctx.clone())?;
    for (key, item) in object {
        let item = to_js(ctx, item, state, depth + 1)?;
        // Defining is slower than setting, but setting `__proto__` would not make a member. The other members of
        // `Object.prototype` let themselves be shadowed (see `prelude.js`).
        if hidden.contains(&&**key) {
            converted.prop(&**key, Property::from(item).writable().configurable())?;
        } else if key.starts_with("__") {
            converted.prop(&**key, Property::from(item).writable().enumerable().configurable())?;
        } else {
            converted.set(&**key, item)?;
        }
    }
    Ok(converted)
}

fn check_depth(ctx: &Ctx<'_>, depth: usize) -> rquickjs::Result<()> {
    if depth < MAX_DEPTH {
        return Ok(());
    }
    Err(rquickjs::Exception::throw_range(ctx, "lists and objects are nested deeper than 200 levels"))
}

/// Why a value of code cannot leave it.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Code threw while it was read, or the engine did.
    Thrown,
    /// It is longer than its budget as JSON.
    TooLarge,
    /// It holds something that JSON does not have.
    Unfit {
        what: String,
        /// The way to it, innermost first.
        path: Vec<String>,
    },
}

impl Refusal {
    fn unfit(what: impl Into<String>) -> Self {
        Refusal::Unfit { what: what.into(), path: Vec::new() }
    }

    fn below(self, part: impl FnOnce() -> String) -> Self {
        match self {
            Refusal::Unfit { what, mut path } => {
                // A way of 200 steps says no more than its ends.
                if path.len() < 12 {
                    path.push(part());
                }
                Refusal::Unfit { what, path }
            }
            other => other,
        }
    }

    /// `root` and the way from there: `the result.items[2].then is a function`.
    pub(super) fn describe(what: &str, path: &[String], root: &str) -> String {
        let way: String = path.iter().rev().map(String::as_str).collect();
        format!("{root}{way} {what}")
    }
}

impl From<rquickjs::Error> for Refusal {
    fn from(_: rquickjs::Error) -> Self {
        Refusal::Thrown
    }
}

/// The built-ins that reading needs.
pub(super) struct Reader<'js, 's> {
    pub(super) state: &'s State,
    /// What a member that is `undefined` reads as: null for arguments of utilities, as AppSync's runtime has no `undefined`
    /// (recorded: a column set to `undefined` becomes NULL); nothing for results, as `JSON.stringify` leaves it out.
    pub(super) keep_undefined: bool,
    /// Bytes of JSON that may still be read.
    pub(super) budget: usize,
    pub(super) object_prototype: &'s JsObject<'js>,
    pub(super) date: &'s JsValue<'js>,
    pub(super) map: &'s JsValue<'js>,
    pub(super) set: &'s JsValue<'js>,
    pub(super) iso: &'s Function<'js>,
    pub(super) well_formed: &'s Function<'js>,
    pub(super) open: Vec<JsValue<'js>>,
}

impl<'js> Reader<'js, '_> {
    /// Converts what code gives, as `JSON.stringify` would see it; `undefined` becomes null.
    pub(super) fn read(&mut self, value: &JsValue<'js>) -> Result<Value, Refusal> {
        match value.type_of() {
            Type::Undefined | Type::Null | Type::Uninitialized => {
                self.spend(4)?;
                Ok(Value::Null)
            }
            Type::Bool => {
                self.spend(5)?;
                Ok(Value::Bool(value.as_bool().unwrap_or_default()))
            }
            Type::Int | Type::Float => {
                self.spend(8)?;
                let double = value.as_number().unwrap_or_default();
                let number = self.state.exact(double).or_else(|| Number::from_js(double));
                Ok(number.map_or(Value::Null, Value::Number))
            }
            Type::String => self.text(value).map(Value::from),
            Type::Symbol => Err(Refusal::unfit("is a symbol, which JSON does not have")),
            Type::BigInt => Err(Refusal::unfit("is a BigInt, which JSON does not have; use Number(...) or a string")),
            Type::Function | Type::Constructor => Err(Refusal::unfit("is a function, which JSON does not have")),
            Type::Promise => Err(Refusal::unfit("is a promise; handlers cannot be asynchronous")),
            _ => self.container(value),
        }
    }

    fn container(&mut self, value: &JsValue<'js>) -> Result<Value, Refusal> {
        if self.open.len() >= MAX_DEPTH {
            let cyclic = self.open.contains(value);
            return Err(Refusal::unfit(if cyclic { "refers to itself" } else { "is nested deeper than 200 levels" }));
        }
        let Some(object) = value.as_object() else {
            return Err(Refusal::unfit(format!("is of the type {}, which JSON does not have", value.type_of())));
        };
        self.spend(2)?;
        self.open.push(value.clone());
        let read = if value.is_array() { self.list(object) } else { self.object(object) };
        self.open.pop();
        read
    }

    fn list(&mut self, list: &JsObject<'js>) -> Result<Value, Refusal> {
        let length: f64 = list.get("length")?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an array's length is below 2^32")]
        let length = length as u32;
        let mut items = Vec::new();
        for at in 0..length {
            let item: JsValue<'js> = list.get(at)?;
            self.spend(1)?;
            items.push(self.read(&item).map_err(|refusal| refusal.below(|| format!("[{at}]")))?);
        }
        Ok(Value::from(items))
    }

    fn object(&mut self, object: &JsObject<'js>) -> Result<Value, Refusal> {
        if object.get_prototype().as_ref() != Some(self.object_prototype) {
            if object.is_instance_of(self.date) {
                let text: JsValue<'js> = self.iso.call((object.clone(),))?;
                return self.read(&text);
            }
            if object.is_instance_of(self.map) || object.is_instance_of(self.set) {
                return Err(Refusal::unfit("is a Map or a Set, which JSON does not have; use an object or a list"));
            }
        }
        let mut members = Object::new();
        for entry in object.props::<JsValue<'js>, JsValue<'js>>() {
            let (key, item) = entry?;
            if item.is_undefined() && !self.keep_undefined {
                continue;
            }
            let key = self.text(&key)?;
            self.spend(2)?;
            let item = self.read(&item).map_err(|refusal| refusal.below(|| format!(".{key}")))?;
            members.insert(key, item);
        }
        Ok(Value::from(members))
    }

    fn text(&mut self, value: &JsValue<'js>) -> Result<String, Refusal> {
        let Some(string) = value.as_string() else { return Err(Refusal::unfit("has a key that is no string")) };
        let text = match string.to_string() {
            Ok(text) => text,
            // Half of a surrogate pair has no UTF-8; it becomes U+FFFD.
            Err(rquickjs::Error::Utf8(_)) => self.well_formed.call::<_, String>((string.clone(),))?,
            Err(error) => return Err(error.into()),
        };
        self.spend(text.len() + 2)?;
        Ok(text)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.budget = self.budget.checked_sub(bytes).ok_or(Refusal::TooLarge)?;
        Ok(())
    }
}
