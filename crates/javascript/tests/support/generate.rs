//! Programs made by chance: always the same for the same seed, always ending, and never touching what differs on purpose.
//!
//! Left out: holes in arrays, named properties of arrays, `__proto__`, functions shown as text, patterns of `split` and
//! `replace` with special characters, texts that `JSON.parse` refuses, lone surrogates in keys.

mod forms;

use std::fmt::Write as _;

/// A program from a seed; its body ends by returning what all of its variables hold.
pub(crate) fn program(seed: u64) -> String {
    let mut generator = Generator { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, ..Generator::default() };
    let mut body = String::new();
    for at in 0..3 {
        generator.function(&mut body, at);
    }
    let statements = 4 + generator.below(10);
    for _ in 0..statements {
        generator.statement(&mut body, 3);
    }
    let mut shown = String::new();
    for name in generator.visible.iter().filter(|name| name.starts_with('v')) {
        let _ = write!(shown, "show({name}), ");
    }
    format!(
        "const show = (v) => typeof v === 'number' ? (v === 0 ? 'zero ' + 1 / v : String(v)) : typeof v + ' ' + JSON.stringify(v);\n\
         const program = () => {{\n{body}return [{shown}].join('; ');\n}};\n\
         try {{ return program(); }} catch (e) {{ return 'throws ' + (e instanceof Error ? e.name : show(e)); }}"
    )
}

#[derive(Default)]
struct Generator {
    state: u64,
    /// Names in scope: `v` can be assigned, `c` cannot.
    visible: Vec<String>,
    names: usize,
    functions: usize,
    /// Around the current place.
    loops: usize,
    in_function: bool,
}

const NAMES: [&str; 6] = ["a", "b", "c", "name", "items", "10"];
const TEXTS: [&str; 10] = ["''", "'a'", "'abc'", "'10'", "' 7 '", "'a,b,c'", "'ünïcödé'", "'😀x'", "'-1e3'", "`t`"];
const NUMBERS: [&str; 14] = ["0", "1", "2", "3", "-1", "7", "10", "0.1", "1.5", "-0", "1e21", "2147483648", "1e-7", "255"];

impl Generator {
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or(0)
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }

    fn fresh(&mut self, kind: char) -> String {
        self.names += 1;
        format!("{kind}{}", self.names)
    }

    fn any(&mut self, kind: Option<char>) -> Option<String> {
        let fitting: Vec<&String> = self.visible.iter().filter(|name| kind.is_none_or(|kind| name.starts_with(kind))).collect();
        if fitting.is_empty() {
            return None;
        }
        let at = usize::try_from(self.state % fitting.len() as u64).unwrap_or(0);
        let name = fitting[at].clone();
        self.next();
        Some(name)
    }

    fn function(&mut self, out: &mut String, at: usize) {
        let outer = std::mem::take(&mut self.visible);
        let (loops, in_function) = (self.loops, self.in_function);
        (self.loops, self.in_function) = (0, true);
        let parameters = ["v1x", "v2x = 4", "...v3x"];
        let _ = writeln!(out, "function f{at}({}) {{", parameters[..=self.below(3).min(2)].join(", "));
        self.visible = vec!["v1x".to_owned()];
        for _ in 0..=self.below(3) {
            self.statement(out, 2);
        }
        let value = self.expression(2);
        let _ = writeln!(out, "return {value};\n}}");
        (self.loops, self.in_function) = (loops, in_function);
        self.visible = outer;
        self.functions = at + 1;
    }

    /// Statements in braces; names that they declare end with them.
    fn block(&mut self, out: &mut String, depth: usize) {
        let known = self.visible.len();
        out.push_str("{\n");
        for _ in 0..=self.below(3) {
            self.statement(out, depth);
        }
        out.push_str("}\n");
        self.visible.truncate(known);
    }

    fn statement(&mut self, out: &mut String, depth: usize) {
        if depth > 0 && self.below(3) == 0 {
            return self.further_statement(out, depth);
        }
        let kind = if depth == 0 { self.below(6) } else { self.below(20) };
        match kind {
            0 | 1 => {
                let value = self.expression(3);
                let name = self.fresh('v');
                let _ = writeln!(out, "let {name} = {value};");
                self.visible.push(name);
            }
            2 => {
                let value = self.expression(3);
                let name = self.fresh('c');
                let _ = writeln!(out, "const {name} = {value};");
                self.visible.push(name);
            }
            3 | 4 => {
                let assignment = self.assignment(3);
                let _ = writeln!(out, "{assignment};");
            }
            5 => {
                let value = self.expression(3);
                let _ = writeln!(out, "({value});");
            }
            6 | 7 => {
                let condition = self.expression(2);
                let _ = write!(out, "if ({condition}) ");
                self.block(out, depth - 1);
                if self.below(2) == 0 {
                    out.push_str("else ");
                    self.block(out, depth - 1);
                }
            }
            8 => {
                let name = self.fresh('c');
                let bound = self.below(4);
                let _ = write!(out, "for (let {name} = 0; {name} < {bound}; {name}++) ");
                self.repeated(out, name, depth);
            }
            9 | 10 => {
                let list = self.list(2);
                let name = self.fresh('c');
                let _ = write!(out, "for (const {name} of {list}) ");
                self.repeated(out, name, depth);
            }
            11 => {
                let object = self.object(2);
                let name = self.fresh('c');
                let _ = write!(out, "for (const {name} in {object}) ");
                self.repeated(out, name, depth);
            }
            12 => {
                let condition = self.expression(1);
                let name = self.fresh('c');
                let _ = writeln!(out, "let {name} = 0;");
                let _ = write!(out, "while ({name}++ < 3 && {condition}) ");
                self.repeated(out, name, depth);
            }
            13 => {
                let subject = self.expression(2);
                let _ = writeln!(out, "switch ({subject}) {{");
                let known = self.visible.len();
                for _ in 0..self.below(3) {
                    let case = self.expression(1);
                    let _ = writeln!(out, "case {case}: {{");
                    self.statement(out, depth - 1);
                    out.push_str("}\n");
                    self.visible.truncate(known);
                    if self.below(2) == 0 {
                        out.push_str("break;\n");
                    }
                }
                out.push_str("default: {\n");
                self.statement(out, depth - 1);
                out.push_str("}\n}\n");
                self.visible.truncate(known);
            }
            14 => {
                out.push_str("try ");
                self.block(out, depth - 1);
                let name = self.fresh('c');
                let _ = write!(out, "catch ({name}) ");
                let known = self.visible.len();
                let shown = self.fresh('v');
                let _ = writeln!(out, "{{\nlet {shown} = {name} instanceof Error ? {name}.name : {name};");
                self.visible.push(shown);
                self.statement(out, depth - 1);
                out.push_str("}\n");
                self.visible.truncate(known);
                if self.below(3) == 0 {
                    out.push_str("finally ");
                    self.block(out, depth - 1);
                }
            }
            15 => {
                let value = self.expression(1);
                let _ = writeln!(out, "if ({}) throw {value};", self.pick(&["false", "false", "false", "false", "true"]));
            }
            16 => {
                let source = self.object(2);
                let (first, rest) = (self.fresh('v'), self.fresh('v'));
                let _ = writeln!(out, "let {{ a: {first} = 5, ...{rest} }} = {source};");
                self.visible.extend([first, rest]);
            }
            17 => {
                let source = self.list(2);
                let (first, rest) = (self.fresh('v'), self.fresh('v'));
                let _ = writeln!(out, "let [{first} = 6, ...{rest}] = {source};");
                self.visible.extend([first, rest]);
            }
            18 if self.loops > 0 => {
                let condition = self.expression(1);
                let _ = writeln!(out, "if ({condition}) {};", self.pick(&["break", "continue"]));
            }
            19 if self.in_function => {
                let (condition, value) = (self.expression(1), self.expression(2));
                let _ = writeln!(out, "if ({condition}) return {value};");
            }
            _ => self.block(out, depth - 1),
        }
    }

    fn repeated(&mut self, out: &mut String, name: String, depth: usize) {
        let known = self.visible.len();
        self.visible.push(name);
        self.loops += 1;
        self.block(out, depth - 1);
        self.loops -= 1;
        self.visible.truncate(known);
    }

    fn assignment(&mut self, depth: usize) -> String {
        let Some(name) = self.any(Some('v')) else { return self.expression(depth) };
        let value = self.expression(depth);
        match self.below(8) {
            0 => format!("{name} += {value}"),
            1 => format!("{name} = {name} {} {value}", self.pick(&["-", "*", "/", "%", "**"])),
            2 => format!(
                "{name} {} {value}",
                self.pick(&["??=", "||=", "&&=", "|=", "&=", "^=", "<<=", ">>=", ">>>=", "-=", "*="])
            ),
            3 => {
                let (key, object) = (self.pick(&NAMES[..5]), self.object(1));
                format!("{name} = {object}, {name}.{key} = {value}")
            }
            4 => format!("{}{name}", self.pick(&["++", "--"])),
            5 => format!("{name}{}", self.pick(&["++", "--"])),
            6 => {
                let list = self.list(1);
                format!("{name} = {list}, {name}.push({value})")
            }
            _ => format!("{name} = {value}"),
        }
    }

    /// An expression whose value is a list.
    fn list(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .pick(&["[]", "[1, 2, 3]", "['b', 'a', 'c']", "[[1, 'x'], [2, 'y']]", "[3, 1, 2, 10]", "[null, 0, '']"])
                .to_owned();
        }
        if self.below(3) == 0 {
            return self.further_list(depth - 1);
        }
        let list = self.list(depth - 1);
        let value = self.expression(depth - 1);
        match self.below(18) {
            0 => format!("{list}.map((x, i) => [x, i])"),
            1 => format!("{list}.filter((x) => x != {value})"),
            2 => format!("{list}.concat({value})"),
            3 => format!("{list}.slice({})", self.pick(&["1", "-1", "0, 2", "1, -1", "NaN"])),
            4 => format!("[...{list}, {value}]"),
            5 => format!("{list}.flat()"),
            6 => format!("{list}.sort()"),
            7 => format!("{list}.sort((x, y) => String(x) < String(y) ? 1 : String(x) > String(y) ? -1 : 0)"),
            8 => format!("{list}.reverse()"),
            9 => {
                let object = self.object(depth - 1);
                format!("Object.{}({object})", self.pick(&["keys", "values", "entries"]))
            }
            10 => format!("{}.split({})", self.text(depth - 1), self.pick(&["''", "','", "'b'", "' '"])),
            11 => format!("{list}.flatMap((x) => [x, {value}])"),
            12 => format!(
                "(() => {{ const l = {list}; l.{}; return l }})()",
                self.pick(&["shift()", "pop()", "unshift(0)", "splice(1, 1)", "splice(0, 1, 'n', 'm')", "fill(7)"])
            ),
            13 => format!("[...{}]", self.text(depth - 1)),
            14 => format!("[...new Set({list})]"),
            15 => format!("Array.from({list}, (x, i) => i)"),
            16 => format!("JSON.parse(JSON.stringify({list}))"),
            _ => format!("[{value}, {}]", self.expression(depth - 1)),
        }
    }

    /// An expression whose value is an object.
    fn object(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .pick(&["{}", "{ a: 1 }", "{ b: 2, a: [1], 10: 'x' }", "{ name: 'n', items: [1, 2] }"])
                .replace('{', "({")
                .replace('}', "})");
        }
        let (value, key) = (self.expression(depth - 1), self.pick(&NAMES));
        let object = self.object(depth - 1);
        match self.below(7) {
            0 => format!("({{ ...{object}, {key}: {value} }})"),
            1 => format!("({{ [({}).toWellFormed()]: {value}, z: {} }})", self.text(depth - 1), self.expression(depth - 1)),
            2 => format!("Object.assign({object}, {{ {key}: {value} }})"),
            3 => format!("Object.fromEntries([['{key}', {value}], ['b', 1]])"),
            4 => format!("(() => {{ const o = {object}; delete o.a; return o }})()"),
            5 => format!("{}.reduce((o, x, i) => {{ o['k' + i] = x; return o }}, {object})", self.list(depth - 1)),
            _ => format!("({{ {key}: {value} }})"),
        }
    }

    /// An expression whose value is a string.
    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&TEXTS).to_owned();
        }
        if self.below(3) == 0 {
            return self.further_text(depth - 1);
        }
        let text = self.text(depth - 1);
        match self.below(14) {
            0 => format!("`<${{{}}}>`", self.plain(depth - 1)),
            1 => format!("{text}.toUpperCase()"),
            2 => format!("{text}.slice({})", self.pick(&["1", "-2", "0, 1", "1, 3"])),
            3 => format!("{text}.{}()", self.pick(&["trim", "toLowerCase", "trimStart", "trimEnd"])),
            4 => format!("{text}.padStart({}, 'xy')", self.below(9)),
            5 => format!("{text}.repeat({})", self.below(3)),
            6 => format!("{text}.replace('b', {})", self.pick(&["'Z'", "(m) => m + m", "''"])),
            7 => format!("String({})", self.plain(depth - 1)),
            8 => format!("{}.join({})", self.list(depth - 1), self.pick(&["", "'-'", "''"])),
            9 => format!("(typeof {})", self.plain(depth - 1)),
            10 => format!("JSON.stringify({}, null, {}) + ''", self.object(depth - 1), self.pick(&["0", "1", "2"])),
            11 => format!("{text}.substring({})", self.pick(&["1", "2, 0", "-1, 2", "0, 99"])),
            12 => format!("{text}.charAt({})", self.below(4)),
            _ => format!("{text} + {}", self.plain(depth - 1)),
        }
    }

    /// An expression whose value has a text that every engine agrees on.
    fn plain(&mut self, depth: usize) -> String {
        match self.below(4) {
            0 => self.text(depth),
            1 => self.list(depth),
            _ => self.number(depth),
        }
    }

    /// An expression whose value is a number.
    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            return format!("({})", self.pick(&NUMBERS));
        }
        if self.below(3) == 0 {
            return self.further_number(depth - 1);
        }
        let number = self.number(depth - 1);
        match self.below(12) {
            0 => format!("({number} {} {})", self.pick(&["+", "-", "*", "/", "%"]), self.number(depth - 1)),
            1 => format!("({number} {} {})", self.pick(&["&", "|", "^", "<<", ">>", ">>>"]), self.number(depth - 1)),
            2 => format!("Math.{}({number})", self.pick(&["floor", "ceil", "round", "abs", "trunc", "sign"])),
            3 => format!("Math.{}({number}, {})", self.pick(&["min", "max"]), self.number(depth - 1)),
            4 => format!("Number({})", self.text(depth - 1)),
            5 => format!("parseInt({}, {})", self.text(depth - 1), self.pick(&["10", "16", "2"])),
            6 => format!("{}.length", self.list(depth - 1)),
            7 => format!("{}.indexOf({})", self.text(depth - 1), self.pick(&TEXTS)),
            8 => format!("{}.reduce((x, y) => x + Number(y), 0)", self.list(depth - 1)),
            9 => format!("(-{number})"),
            10 => format!("(+{})", self.text(depth - 1)),
            _ => format!("{}.findIndex((x) => x === {number})", self.list(depth - 1)),
        }
    }

    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.below(8) {
                0 => "null".to_owned(),
                1 => "undefined".to_owned(),
                2 => "true".to_owned(),
                3 => self.text(0),
                4 => self.list(0),
                5 => self.object(0),
                6 => self.any(None).unwrap_or_else(|| "1".to_owned()),
                _ => self.number(0),
            };
        }
        let below = depth - 1;
        if self.below(4) == 0 {
            return self.further_expression(below);
        }
        match self.below(22) {
            0 => self.number(depth),
            1 => self.text(depth),
            2 => self.list(depth),
            3 => self.object(depth),
            4 | 5 => self.any(None).unwrap_or_else(|| "2".to_owned()),
            6 => format!("({} ? {} : {})", self.expression(below), self.expression(below), self.expression(below)),
            7 => format!("({} {} {})", self.expression(below), self.pick(&["&&", "||"]), self.expression(below)),
            8 => format!("({} ?? {})", self.expression(below), self.expression(below)),
            9 => format!("({} {} {})", self.expression(below), self.pick(&["===", "!==", "==", "!="]), self.expression(below)),
            10 => format!("({} {} {})", self.plain(below), self.pick(&["<", ">", "<=", ">="]), self.plain(below)),
            11 => format!("(!{})", self.expression(below)),
            12 => format!("{}?.{}", self.object(below), self.pick(&NAMES[..5])),
            13 => format!("{}?.{}?.{}", self.object(below), self.pick(&NAMES[..5]), self.pick(&NAMES[..5])),
            14 => format!("{}[{}]", self.list(below), self.pick(&["0", "1", "-1", "'length'", "'0'", "1.5"])),
            15 => format!("{}['{}']", self.object(below), self.pick(&NAMES)),
            16 if self.functions > 0 => {
                let (at, arguments) = (self.below(self.functions), [self.expression(below), self.expression(below)]);
                format!("f{at}({})", arguments[..self.below(3).min(2)].join(", "))
            }
            17 => format!(
                "{}.{}((x) => {})",
                self.list(below),
                self.pick(&["some", "every", "find", "findLast"]),
                self.pick(&["x", "x > 1", "x === null", "!x"])
            ),
            18 => format!("{}.includes({})", self.list(below), self.expression(below)),
            19 => format!("('{}' in {})", self.pick(&NAMES), self.object(below)),
            20 => format!("((x, y = {}) => [x, y])({})", self.expression(below), self.expression(below)),
            _ => format!("({} + {})", self.plain(below), self.plain(below)),
        }
    }
}
