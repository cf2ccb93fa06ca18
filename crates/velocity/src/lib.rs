//! The Velocity template language, with the semantics of Apache Velocity 1.7.
//!
//! A template is read once into a tree ([`Template::parse`], all mistakes at once with their places) and evaluated as often as
//! wanted ([`Template::evaluate`]) over [`Val`]ues with shared references. What a template may reach beyond plain data comes
//! in through the [`Host`] trait; the engine itself knows no names of any service. Every resource that a template could use up
//! is bounded by [`Limits`]: loops, steps, time, memory, output, nesting.
//!
//! Known differences from Apache Velocity 1.7:
//!
//! - refused, with an error that names them: `#include` and `#parse`, the class of a value, methods of Java without a
//!   counterpart here (streams, lambdas, `BigDecimal`), changes through `keySet()`, `values()`, `entrySet()` and `subList()`, integers
//!   of more than 5,000 digits as operands;
//! - a character (`charAt`) is a string of one, and half of a surrogate pair is the replacement character;
//! - accepted although 1.7 refuses it: operators within arguments of methods and indexes, `[ ]` with a blank, names that begin
//!   with an underscore;
//! - added: `#return` and `#return(value)`;
//! - an array prints as a list, where Java prints an address.
//!
//! ```
//! # use velocity::{Context, Limits, Options, Template, Val};
//! let template = Template::parse("Hello #foreach($n in $names)$n#if($foreach.hasNext), #end#end!", &Options::default()).expect("it is well formed");
//! let mut context = Context::new();
//! context.set("names", Val::from(&value::value!(["Ann", "Bob"])));
//! assert_eq!(template.evaluate(&mut context, &Limits::default()).expect("nothing in it fails").text, "Hello Ann, Bob!");
//! ```

mod ast;
mod error;
mod evaluate;
mod host;
mod limits;
mod methods;
mod parser;
mod references;
mod template;
mod val;

pub use error::{EvaluateError, ParseError, line_and_column};
pub use evaluate::{Context, Origin, Outcome};
pub use host::{Host, HostError};
pub use limits::Limits;
pub use references::{Member, MemberKind, ReferenceUse};
pub use template::{Options, Template, Truthiness};
pub use val::{ConvertError, Entry, Key, ListRef, MapRef, Val};
