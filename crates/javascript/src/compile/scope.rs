//! Names: which slot a variable lives in, what closures take along, and where a read must look whether it is declared yet.

use oxc::semantic::{ReferenceId, ScopeId, SymbolFlags, SymbolId};
use value::Str;

use super::Compiler;
use crate::code::{Enter, Slot};

/// A function under way.
pub(super) struct Frame {
    pub(super) locals: u32,
    pub(super) cells: u32,
    pub(super) captures: Vec<(SymbolId, Slot)>,
    /// Where `break` and `continue` can go, innermost last.
    pub(super) targets: Vec<Jump>,
    /// A cell that never has a value, for parameters that are read before they have theirs.
    pub(super) dead: Option<u32>,
}

/// A place that `break` or `continue` goes to.
pub(super) struct Jump {
    pub(super) labels: Vec<String>,
    pub(super) id: u32,
    pub(super) is_loop: bool,
    /// `break` without a label ends it.
    pub(super) breaks: bool,
}

/// Where a variable lives.
#[derive(Clone, Copy)]
pub(super) struct Home {
    pub(super) slot: Slot,
    /// The function whose slot it is.
    pub(super) frame: usize,
    /// Code that is compiled from now on runs after its declaration.
    pub(super) declared: bool,
}

/// What a name stands for.
pub(super) enum Name {
    /// A variable that is certainly declared.
    Sure(Slot),
    /// A variable that must be looked at.
    Checked(Slot),
    /// None of the code's.
    Unresolved,
}

impl Compiler<'_> {
    pub(super) fn begin(&mut self) {
        self.frames.push(Frame { locals: 0, cells: 0, captures: Vec::new(), targets: Vec::new(), dead: None });
    }

    pub(super) fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("a function is open while code is compiled")
    }

    pub(super) fn new_local(&mut self) -> u32 {
        let frame = self.frame();
        frame.locals += 1;
        frame.locals - 1
    }

    pub(super) fn new_cell(&mut self) -> u32 {
        let frame = self.frame();
        frame.cells += 1;
        frame.cells - 1
    }

    /// Whether a function inside of the variable's own refers to it.
    pub(super) fn is_shared(&self, symbol: SymbolId) -> bool {
        let own = self.function_scope(self.scoping.symbol_scope_id(symbol));
        self.scoping.get_resolved_references(symbol).any(|reference| self.function_scope(reference.scope_id()) != own)
    }

    /// The scope of the function, or of the module, around a scope.
    fn function_scope(&self, scope: ScopeId) -> ScopeId {
        let is_function = |id: &ScopeId| self.scoping.scope_flags(*id).is_function() || self.scoping.scope_flags(*id).is_top();
        self.scoping.scope_ancestors(scope).find(is_function).unwrap_or(scope)
    }

    pub(super) fn set_home(&mut self, symbol: SymbolId, slot: Slot, declared: bool) {
        let frame = self.frames.len() - 1;
        self.homes.insert(symbol, Home { slot, frame, declared });
    }

    /// Gives the variables of a scope their slots, those that have none yet. In order of their declaration.
    pub(super) fn declare_scope(&mut self, scope: ScopeId) -> Vec<SymbolId> {
        let mut symbols: Vec<SymbolId> = self.scoping.get_bindings(scope).values().copied().collect();
        symbols.sort_unstable();
        symbols.retain(|symbol| {
            let flags = self.scoping.symbol_flags(*symbol);
            !self.homes.contains_key(symbol) && (flags.is_value() || flags.intersects(SymbolFlags::CatchVariable))
        });
        for &symbol in &symbols {
            let slot = if self.is_shared(symbol) { Slot::Cell(self.new_cell()) } else { Slot::Local(self.new_local()) };
            let declared = !self.is_lexical(symbol);
            self.set_home(symbol, slot, declared);
        }
        symbols
    }

    /// Gives a variable a slot if it has none. Whether it had none.
    pub(super) fn declare(&mut self, symbol: SymbolId) -> bool {
        if self.homes.contains_key(&symbol) {
            return false;
        }
        let slot = if self.is_shared(symbol) { Slot::Cell(self.new_cell()) } else { Slot::Local(self.new_local()) };
        self.set_home(symbol, slot, true);
        true
    }

    /// Whether a variable cannot be read before its declaration.
    pub(super) fn is_lexical(&self, symbol: SymbolId) -> bool {
        let flags = self.scoping.symbol_flags(symbol);
        flags.intersects(SymbolFlags::BlockScopedVariable)
            && !flags.intersects(SymbolFlags::Function | SymbolFlags::CatchVariable)
    }

    /// What entering a scope does to its variables; asked when its code was compiled.
    pub(super) fn enter(&self, symbols: &[SymbolId]) -> Vec<Enter> {
        let mut enter = Vec::new();
        for symbol in symbols {
            let Some(home) = self.homes.get(symbol) else { continue };
            match home.slot {
                Slot::Cell(cell) if self.is_lexical(*symbol) => enter.push(Enter::Fresh(cell)),
                Slot::Cell(cell) => enter.push(Enter::FreshVar(cell)),
                slot if self.is_lexical(*symbol) && self.checked.contains(symbol) => enter.push(Enter::Dead(slot)),
                _ => {}
            }
        }
        enter
    }

    pub(super) fn mark_declared(&mut self, symbol: SymbolId) {
        // The cases of a switch share a scope, and a case can be jumped over.
        if self.switch_scopes.contains(&self.scoping.symbol_scope_id(symbol)) {
            return;
        }
        self.pending.remove(&symbol);
        if let Some(home) = self.homes.get_mut(&symbol) {
            home.declared = true;
        }
    }

    pub(super) fn resolve(&mut self, reference: Option<ReferenceId>) -> Name {
        let symbol = reference.and_then(|id| self.scoping.get_reference(id).symbol_id());
        let Some(symbol) = symbol else { return Name::Unresolved };
        let Some(&home) = self.homes.get(&symbol) else { return Name::Unresolved };
        let slot = self.slot_here(symbol, home);
        match slot {
            Slot::Import(_) => return Name::Sure(slot),
            Slot::Global(_) if home.declared => return Name::Sure(slot),
            Slot::Global(_) => return Name::Checked(slot),
            _ => {}
        }
        let here = home.frame == self.frames.len() - 1;
        if here && self.pending.contains(&symbol) {
            let cell = match self.frame().dead {
                Some(cell) => cell,
                None => self.new_cell(),
            };
            self.frame().dead = Some(cell);
            return Name::Checked(Slot::Cell(cell));
        }
        if !self.is_lexical(symbol) || (here && home.declared) {
            return Name::Sure(slot);
        }
        self.checked.insert(symbol);
        Name::Checked(slot)
    }

    /// The slot of a variable as the function that is compiled sees it.
    pub(super) fn slot_here(&mut self, symbol: SymbolId, home: Home) -> Slot {
        if matches!(home.slot, Slot::Global(_) | Slot::Import(_)) {
            return home.slot;
        }
        let mut slot = home.slot;
        for frame in &mut self.frames[home.frame + 1..] {
            let at = match frame.captures.iter().position(|(captured, _)| *captured == symbol) {
                Some(at) => at,
                None => {
                    frame.captures.push((symbol, slot));
                    frame.captures.len() - 1
                }
            };
            slot = Slot::Captured(u32::try_from(at).unwrap_or(u32::MAX));
        }
        slot
    }

    pub(super) fn symbol_of(&self, reference: Option<ReferenceId>) -> Option<SymbolId> {
        reference.and_then(|id| self.scoping.get_reference(id).symbol_id())
    }

    /// Whether code may not assign to a variable: a constant, an import, the own name of a function expression.
    pub(super) fn is_constant(&self, symbol: SymbolId) -> bool {
        let flags = self.scoping.symbol_flags(symbol);
        flags.intersects(SymbolFlags::ConstVariable | SymbolFlags::FunctionExpression | SymbolFlags::Import)
    }

    pub(super) fn new_global(&mut self, name: &str) -> Slot {
        self.globals.push(Str::from(name));
        Slot::Global(u32::try_from(self.globals.len() - 1).unwrap_or(u32::MAX))
    }
}
