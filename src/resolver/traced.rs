//! Steps as traces show them: what stands between a resolver run and the record of it.

use std::sync::Arc;
use std::time::Duration;

use value::{Object, Str, Value};

use super::evaluate::{CodePlace, FaultDetail};
use super::run::Evaluated;
use super::{Code, Function, Kind, Origin, Resolver, Step};
use crate::execution::error::FieldError;
use crate::execution::executor::FieldCall;
use crate::trace::{self, Evaluation, Language, Outcome, Phase, RunTrace};

/// Whose code a step is.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    /// A pipeline's own.
    Pipeline,
    /// A function's, or a unit resolver's.
    Function(&'a Function),
}

impl Part<'_> {
    fn origin<'a>(&'a self, resolver: &'a Resolver) -> &'a Origin {
        match self {
            Part::Pipeline => &resolver.origin,
            Part::Function(function) => &function.origin,
        }
    }

    /// What is known of a fault beyond AppSync's words, as [`FieldError::detail`].
    pub(super) fn detail(self, resolver: &Resolver, step: Step, detail: Option<&FaultDetail>) -> Value {
        let Some(FaultDetail { file, place, rendered, null_reference, explanation }) = detail else { return Value::Null };
        let source = self.origin(resolver).source(step);
        let mut shown = Object::with_capacity(8);
        if let Some(explanation) = explanation {
            shown.insert("explanation", explanation.as_str());
        }
        if let Some(reference) = null_reference {
            shown.insert("nullReference", reference.as_str());
        }
        if let Some(place) = place {
            // Messages call a module `code.js`, whatever its name: a file that is not known here is one that it imports.
            let own = source.filter(|source| file.as_ref().is_none_or(|file| *file == source.path || file == "code.js"));
            if let Some(file) = own.map(|source| &source.path).or(file.as_ref()) {
                shown.insert("file", file.as_str());
            }
            put_place(&mut shown, place, own.map(|source| &*source.text));
        }
        if let Some(rendered) = rendered {
            let mut inner = Object::with_capacity(3);
            put_place(&mut inner, rendered, None);
            shown.insert("rendered", inner);
        }
        if let Some(function) = self.function() {
            shown.insert("function", function);
        }
        shown.into()
    }

    /// The pipeline's function.
    pub(super) fn function(&self) -> Option<&Str> {
        match self {
            Part::Pipeline => None,
            Part::Function(function) => function.name.as_ref(),
        }
    }

    /// What is known of an evaluation beforehand.
    pub(super) fn evaluation(self, resolver: &Resolver, code: &Code, step: Step) -> Evaluation {
        Evaluation {
            phase: match (self, step) {
                (Part::Pipeline, Step::Request) => Phase::Before,
                (Part::Pipeline, Step::Response) => Phase::After,
                (Part::Function(_), Step::Request) => Phase::Request,
                (Part::Function(_), Step::Response) => Phase::Response,
            },
            language: match code {
                Code::Js(_) => Language::Js,
                Code::Vtl(_) => Language::Vtl,
            },
            function: self.function().cloned(),
            file: self.origin(resolver).source(step).map(|source| source.path.clone()),
            start_offset: Duration::ZERO,
            duration: Duration::ZERO,
            context: None,
            outcome: Outcome::Value(Value::Null),
            stash: None,
            appended: Vec::new(),
            logs: Vec::new(),
            reading: None,
            effects: None,
        }
    }
}

fn put_place(shown: &mut Object, place: &CodePlace, text: Option<&str>) {
    let known = if place.source_line.is_empty() {
        text.map(|text| CodePlace::of(text, place.line, place.column).source_line)
    } else {
        Some(place.source_line.clone())
    };
    shown.insert("line", place.line);
    shown.insert("column", place.column);
    if let Some(line) = known.filter(|line| !line.is_empty()) {
        shown.insert("sourceLine", line);
    }
}

/// How an evaluation ended.
pub(super) fn outcome_of(evaluated: &Result<Evaluated, FieldError>) -> Outcome {
    match evaluated {
        Ok(Evaluated::Value(value)) => Outcome::Value(value.clone()),
        Ok(Evaluated::Early { value, skip_to }) => Outcome::Early(value.clone(), *skip_to),
        Err(error) => Outcome::Failed(error.clone()),
    }
}

/// The span of a call that carries the requests of this many parents.
pub(super) fn call_span(function: &Function, parents: usize) -> tracing::Span {
    tracing::debug_span!(
        target: trace::SPANS,
        "data_source_call",
        peer.service = &*function.data_source_name,
        data_source.type = function.data_source_type,
        parents,
    )
}

/// A call of a function's data source with this request.
pub(super) fn call_of(function: &Function, request: &Value) -> trace::Call {
    trace::Call {
        data_source: Arc::clone(&function.data_source_name),
        kind: function.data_source_type,
        function: function.name.clone(),
        request: request.clone(),
        start_offset: None,
        duration: Duration::ZERO,
        outcome: None,
        batch: None,
        shared: false,
    }
}

/// The run of a field's resolver for one parent.
pub(super) fn run_of(resolver: &Resolver, call: &FieldCall<'_>, parent: usize) -> RunTrace {
    RunTrace {
        field: call.field.index,
        parent,
        parent_type: Arc::clone(&resolver.type_name),
        field_name: Arc::clone(&resolver.field_name),
        return_type: call.field.ty.to_string(),
        pipeline: matches!(resolver.kind, Kind::Pipeline { .. }),
        arguments: Value::Object(Arc::clone(&call.arguments)),
        source: call.parents.get(parent).cloned().unwrap_or_default(),
        start_offset: Duration::ZERO,
        duration: Duration::ZERO,
        steps: Vec::new(),
        steps_left_out: 0,
        is_cut: false,
        result: Value::Null,
        errors: Vec::new(),
    }
}
