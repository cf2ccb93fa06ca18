//! Nodes of text: literal text, references, directives.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use super::{Evaluator, Flow, Frame};
use crate::ast::{Call, FOREACH, Foreach, Node, VELOCITY_COUNT, VELOCITY_HAS_NEXT};
use crate::error::Fault;
use crate::val::{Definition, Loop, Val, text_of};

/// What a loop runs over.
enum Items {
    List(crate::val::ListRef),
    Iterator(Rc<crate::val::ListIter>),
}

impl Evaluator<'_> {
    /// Evaluates nodes in order.
    pub(super) fn nodes(&mut self, nodes: &[Node]) -> Result<Flow, Fault> {
        for node in nodes {
            let flow = match node {
                Node::Text(text, at) => {
                    self.mark(*at, false);
                    self.out.push_str(text);
                    self.meter.work(1)?;
                    self.meter.output(self.out.len())?;
                    continue;
                }
                Node::Reference(reference) => {
                    self.text_reference(reference)?;
                    continue;
                }
                Node::Set(set) => {
                    let value = self.expression(&set.value).map_err(|fault| fault.at(set.at))?;
                    if !value.is_null() || self.template.null_assignment {
                        self.assign(&set.target, value).map_err(|fault| fault.at(set.at))?;
                    }
                    continue;
                }
                Node::If(node) => self.nested(|this| this.conditional(node))?,
                Node::Foreach(node) => self.nested(|this| this.foreach(node)).map_err(|fault| fault.at(node.at))?,
                Node::Break => Flow::Break,
                Node::Stop => Flow::Stop,
                Node::Return(value) => {
                    let value = match value {
                        Some(value) => self.expression(value)?,
                        None => Val::Null,
                    };
                    self.returned = Some(value);
                    Flow::Stop
                }
                Node::Call(call) => self.nested(|this| this.call(call)).map_err(|fault| fault.at(call.at))?,
                Node::Define(slot, body) => {
                    let definition = Definition { body: Arc::clone(body), running: Cell::new(0) };
                    self.set_variable(*slot, Some(Val::Block(Rc::new(definition))));
                    continue;
                }
                Node::Evaluate(source, at) => {
                    let source = self.expression(source)?;
                    if source.is_null() {
                        continue;
                    }
                    let source = text_of(&source, &mut self.meter)?;
                    let result = self.nested(|this| {
                        let nodes = this.parse(&source)?;
                        this.nodes(&nodes)
                    });
                    result.map_err(|fault| fault.moved_to(*at))?
                }
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn conditional(&mut self, node: &crate::ast::If) -> Result<Flow, Fault> {
        for (condition, block) in &node.branches {
            if self.condition(condition)? {
                return self.nodes(block);
            }
        }
        node.otherwise.as_ref().map_or(Ok(Flow::Next), |block| self.nodes(block))
    }

    fn foreach(&mut self, node: &Foreach) -> Result<Flow, Fault> {
        let items = match self.expression(&node.source)? {
            Val::List(list) => Items::List(list),
            Val::Map(map) => {
                self.meter.elements(map.len())?;
                Items::List(map.values().into_iter().collect())
            }
            Val::Iterator(iterator) => Items::Iterator(iterator),
            Val::Host(host) => match host.items() {
                Some(items) => Items::List(items.into_iter().collect()),
                None => return Ok(Flow::Next),
            },
            _ => return Ok(Flow::Next),
        };
        let slots = [node.variable, FOREACH, VELOCITY_COUNT, VELOCITY_HAS_NEXT];
        let before = slots.map(|slot| (slot, self.variables[slot as usize].clone(), self.changed[slot as usize]));
        let parent = match &self.variables[FOREACH as usize] {
            Some(Val::Loop(parent)) => Some(Rc::clone(parent)),
            _ => None,
        };
        let state = Rc::new(Loop { index: Cell::new(0), has_next: Cell::new(false), parent });
        let flow = self.iterate(node, &items, &state);
        for (slot, value, changed) in before {
            self.variables[slot as usize] = value;
            self.changed[slot as usize] = changed;
        }
        flow
    }

    fn iterate(&mut self, node: &Foreach, items: &Items, state: &Rc<Loop>) -> Result<Flow, Fault> {
        let length = match items {
            Items::List(list) => list.len(),
            Items::Iterator(_) => 0,
        };
        let mut index = 0;
        loop {
            let item = match items {
                Items::List(list) => {
                    if index == list.len() {
                        break;
                    }
                    if list.len() != length {
                        return Err(Fault::new(
                            "The list of #foreach was changed while it ran (ConcurrentModificationException)",
                        ));
                    }
                    list.get(index)
                }
                Items::Iterator(iterator) => iterator.next(),
            };
            let Some(item) = item else { break };
            if index >= self.meter.limits.max_iterations {
                let most = self.meter.limits.max_iterations;
                return Err(Fault::new(format!("#foreach runs more than {most} times (limit max_iterations)")));
            }
            self.meter.work(1)?;
            self.meter.output(self.out.len())?;
            let has_next = match items {
                Items::List(_) => index + 1 < length,
                Items::Iterator(iterator) => iterator.has_next(),
            };
            state.index.set(index);
            state.has_next.set(has_next);
            index += 1;
            self.variables[FOREACH as usize] = Some(Val::Loop(Rc::clone(state)));
            self.variables[VELOCITY_COUNT as usize] = Some(i32::try_from(index).map_or(Val::Null, Val::Int));
            self.variables[VELOCITY_HAS_NEXT as usize] = Some(Val::Bool(has_next));
            self.set_variable(node.variable, if item.is_null() { None } else { Some(item) });
            match self.nodes(&node.body)? {
                Flow::Next => {}
                Flow::Break => break,
                Flow::Stop => return Ok(Flow::Stop),
            }
        }
        Ok(Flow::Next)
    }

    fn call(&mut self, call: &Arc<Call>) -> Result<Flow, Fault> {
        let Some(definition) = self.macros.get(&call.name).map(Arc::clone) else {
            self.out.push_str(&call.literal);
            return Ok(Flow::Next);
        };
        if self.frames.len() >= self.meter.limits.max_macro_depth {
            let most = self.meter.limits.max_macro_depth;
            return Err(Fault::new(format!(
                "Max calling depth of {most} was exceeded in macro '{}' (limit max_macro_depth)",
                call.name
            )));
        }
        self.meter.work(1)?;
        let parameters = definition.parameters.clone();
        self.frames.push(Frame { call: Arc::clone(call), parameters, changed: Vec::new(), caller: self.frame });
        let caller = self.frame.replace(self.frames.len() - 1);
        let body_slot = call.body.as_ref().map(|body| {
            let slot = self.symbols.to_mut().slot("bodyContent");
            self.load_variables();
            let block = Val::Block(Rc::new(Definition { body: Arc::clone(body), running: Cell::new(0) }));
            (slot, self.variables[slot as usize].replace(block))
        });
        let flow = self.nodes(&definition.body);
        if let Some((slot, before)) = body_slot {
            self.variables[slot as usize] = before;
        }
        self.frames.pop();
        self.frame = caller;
        // `#break` in a macro ends the macro.
        flow.map(|flow| if flow == Flow::Break { Flow::Next } else { flow })
    }
}
