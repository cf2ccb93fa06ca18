//! Further forms of programs by chance: closures, labels, hoisting, patterns, tags, regular expressions, dates, maps, formatting.
//!
//! Left out, because QuickJS is wrong there: strings spread into objects, and parameters that a closure in another parameter's
//! default reads after the body assigned to them. Left out, because the language leaves it open: comparators that contradict
//! themselves.

use std::fmt::Write as _;

use super::{Generator, NAMES, NUMBERS, TEXTS};

const KEYS: [&str; 5] = ["a", "b", "c", "name", "items"];
/// Patterns whose meaning nobody disputes; those with `g` first.
const GLOBAL: [&str; 8] =
    ["/[a-c]/g", "/\\d/g", "/(\\w)(\\d+)?/g", "/a|,|é/gi", "/\\s*/g", "/(?<k>[a-z])\\d?/g", "/[^a]+?/g", "/./gu"];
const ONCE: [&str; 8] =
    ["/b/", "/^\\s*-?\\d/", "/(a)(z)?/", "/[,x]$/m", "/(?:1|10)0?/", "/(?=b)/", "/(.)\\1/", "/^(?<first>[^,]*),(?<rest>.*)$/s"];

impl Generator {
    /// A function's body, as statements and a result; `break` and `return` of the outside end with it.
    fn body(&mut self, parameter: &str, depth: usize) -> String {
        let (loops, in_function) = (self.loops, self.in_function);
        (self.loops, self.in_function) = (0, true);
        let known = self.visible.len();
        self.visible.push(parameter.to_owned());
        let mut out = String::new();
        for _ in 0..=self.below(2) {
            self.statement(&mut out, depth);
        }
        let value = self.expression(1);
        let _ = writeln!(out, "return {value};");
        self.visible.truncate(known);
        (self.loops, self.in_function) = (loops, in_function);
        out
    }

    pub(super) fn further_statement(&mut self, out: &mut String, depth: usize) {
        let inner = depth.saturating_sub(1);
        match self.below(17) {
            0 => {
                let (list, at, got) = (self.fresh('c'), self.fresh('v'), self.fresh('v'));
                let (declare, bound) = (self.pick(&["let", "let", "var"]), self.below(4));
                let _ = writeln!(out, "const {list} = [];");
                let _ =
                    write!(out, "for ({declare} {at} = 0; {at} < {bound}; {at}++) {{\n{list}.push(() => {at}, () => {at}++);\n");
                if self.below(3) == 0 {
                    let _ = writeln!(out, "{at} += 1;");
                }
                let _ = writeln!(out, "}}\nlet {got} = [...{list}, ...{list}].map((f) => f());");
                self.visible.push(got);
            }
            1 => {
                let (list, item, value) = (self.list(1), self.fresh('c'), self.expression(1));
                let (closures, got) = (self.fresh('c'), self.fresh('v'));
                let head = self.pick(&["const", "let", "var"]);
                let _ = writeln!(
                    out,
                    "const {closures} = [];\nfor ({head} {item} of {list}) {closures}.push((x) => [{item}, x, {value}]);"
                );
                let _ = writeln!(out, "let {got} = {closures}.map((f, i) => f(i));");
                self.visible.push(got);
            }
            2 => {
                let (label, first, second) = (self.fresh('l'), self.fresh('c'), self.fresh('c'));
                let (outer, list) = (self.list(1), self.list(1));
                let _ = writeln!(out, "{label}: for (const {first} of {outer}) {{\nfor (const {second} of {list}) {{");
                let known = self.visible.len();
                self.visible.extend([first, second]);
                self.loops += 1;
                self.statement(out, inner);
                let condition = self.expression(1);
                let _ = writeln!(out, "if ({condition}) {} {label};", self.pick(&["continue", "break"]));
                self.statement(out, inner);
                self.loops -= 1;
                self.visible.truncate(known);
                out.push_str("}\n}\n");
            }
            3 => {
                let (captured, value, inside) = (self.fresh('v'), self.expression(2), self.fresh('c'));
                let _ = writeln!(out, "let {captured} = {value};");
                self.visible.push(captured.clone());
                let (name, body, argument) = (self.fresh('c'), self.body(&inside, inner), self.expression(1));
                let form = self.below(3);
                let _ = match form {
                    0 => writeln!(out, "const {name} = ({inside}) => {{\n{body}}};"),
                    1 => writeln!(out, "const {name} = function ({inside}) {{\n{body}}};"),
                    _ => writeln!(out, "function {name}({inside}) {{\n{body}}}"),
                };
                let _ = writeln!(out, "{captured} = [{name}({argument}), {name}()];");
            }
            4 => {
                let (early, late, value) = (self.fresh('v'), self.fresh('v'), self.expression(2));
                let _ = writeln!(out, "let {early} = [{late}, typeof {late}];\n{{ var {late} = {value}; }}");
                self.visible.extend([early, late]);
            }
            5 => {
                let (got, name, inside) = (self.fresh('v'), self.fresh('h'), self.fresh('c'));
                let (argument, value) = (self.expression(1), self.expression(2));
                let _ = writeln!(
                    out,
                    "let {got};\n{{\n{got} = {name}({argument});\nfunction {name}({inside}) {{ return [{inside}, {value}]; }}\n}}"
                );
                self.visible.push(got);
            }
            6 => {
                let (first, rest) = (self.fresh('c'), self.fresh('c'));
                let objects = format!("[{}, {}]", self.object(1), self.object(1));
                let _ = write!(out, "for (const {{ {}: {first} = 1, ...{rest} }} of {objects}) ", self.pick(&KEYS));
                self.repeated_with(out, &[first, rest], inner);
            }
            7 => {
                let (key, value, object) = (self.fresh('c'), self.fresh('c'), self.object(1));
                let _ = write!(out, "for (const [{key}, {value}] of Object.entries({object})) ");
                self.repeated_with(out, &[key, value], inner);
            }
            8 => {
                let (Some(first), Some(second)) = (self.any(Some('v')), self.any(Some('v'))) else { return };
                let _ = match self.below(3) {
                    0 => writeln!(out, "[{first}, {second}] = [{second}, {first}];"),
                    1 => writeln!(out, "({{ a: {first}, b: {second} = {} }} = {});", self.expression(1), self.object(1)),
                    _ => writeln!(out, "[{first}, ...{second}] = {};", self.list(1)),
                };
            }
            9 => {
                let Some(name) = self.any(Some('v')) else { return };
                let object = self.object(2);
                let _ = writeln!(out, "{name} = {object};");
                for _ in 0..=self.below(3) {
                    let (key, value) = (self.pick(&KEYS), self.expression(1));
                    let member = if self.below(2) == 0 { format!("{name}.{key}") } else { format!("{name}['{key}']") };
                    let _ = match self.below(4) {
                        0 => writeln!(out, "{member}{};", self.pick(&["++", "--"])),
                        1 => writeln!(out, "delete {member};"),
                        _ => {
                            let operators = ["+=", "-=", "*=", "**=", "??=", "||=", "&&=", "|=", ">>>=", "="];
                            writeln!(out, "{member} {} {value};", self.pick(&operators))
                        }
                    };
                }
            }
            10 => {
                let (counter, condition) = (self.fresh('c'), self.expression(1));
                let _ = write!(out, "let {counter} = 0;\ndo ");
                self.repeated_with(out, std::slice::from_ref(&counter), inner);
                let _ = writeln!(out, "while ({counter}++ < 2 && {condition});");
            }
            11 => {
                let (low, high) = (self.fresh('c'), self.fresh('c'));
                let _ = write!(out, "for (let {low} = 0, {high} = 3; {low} < {high}; {low}++, {high}--) ");
                self.repeated_with(out, &[low, high], inner);
            }
            12 => {
                // A variable that is read before its declaration, on some ways.
                let (got, name, value) = (self.fresh('v'), self.fresh('c'), self.expression(1));
                let condition = self.expression(1);
                let _ = writeln!(out, "let {got} = 0;\ntry {{\nconst f = () => {name};\nif ({condition}) {got} = f();");
                let _ = writeln!(out, "const {name} = {value};\n{got} = [{got}, f()];\n}} catch (e) {{ {got} = e.name; }}");
                self.visible.push(got);
            }
            13 => {
                let (label, condition) = (self.fresh('l'), self.expression(1));
                let _ = writeln!(out, "{label}: {{");
                let known = self.visible.len();
                self.statement(out, inner);
                let _ = writeln!(out, "if ({condition}) break {label};");
                self.statement(out, inner);
                self.visible.truncate(known);
                out.push_str("}\n");
            }
            14 => {
                let (got, value) = (self.fresh('v'), self.expression(1));
                let ends = ["return 1", "throw 2", "x = 3"];
                let (first, second) = (self.pick(&ends), self.pick(&["x = 4", "x = 5", "return 6"]));
                let _ = writeln!(
                    out,
                    "let {got} = (() => {{ let x = {value}; try {{ {first}; }} catch (e) {{ x = [x, e]; }} finally {{ {second}; }} return x; }})();"
                );
                self.visible.push(got);
            }
            15 => {
                let got = self.fresh('v');
                let (text, pattern) = (self.whole(1), self.pick(&GLOBAL));
                let _ = writeln!(
                    out,
                    "let {got} = [];\n{{ const p = {pattern}; const t = {text}; let m; let n = 0; while (n++ < 9 && (m = p.exec(t)) !== null) {{ {got}.push([m.index, [...m], p.lastIndex]); if (m[0] === '') p.lastIndex++; }} }}"
                );
                self.visible.push(got);
            }
            _ => {
                let (got, list) = (self.fresh('v'), self.list(1));
                let (value, key) = (self.expression(1), self.expression(1));
                let _ = writeln!(
                    out,
                    "let {got} = (() => {{ const m = new Map(); for (const x of {list}) m.set(x, (m.get(x) ?? 0) + 1); m.set({key}, {value}); m.delete(1); return [m.size, m.has({key}), [...m], [...m.keys()], Array.from(m.values())]; }})();"
                );
                self.visible.push(got);
            }
        }
    }

    fn repeated_with(&mut self, out: &mut String, names: &[String], depth: usize) {
        let known = self.visible.len();
        self.visible.extend_from_slice(names);
        self.loops += 1;
        self.block(out, depth);
        self.loops -= 1;
        self.visible.truncate(known);
    }

    pub(super) fn further_expression(&mut self, below: usize) -> String {
        let (first, second) = (self.expression(below), self.expression(below));
        match self.below(24) {
            0 => format!("({first}, {second})"),
            1 => format!("((x, y = [x, {first}], {{ z = y, ...r }} = {{ w: x }}, [p = z] = []) => [x, y, z, r, p])({second})"),
            2 => format!("(({{ a, q: [c = {first}] = [], ...d }}, e = a) => [a, c, d, e])({})", self.object(below)),
            3 => format!("((t, ...u) => [t, t.raw, u])`x${{{first}}}\\u0041\\n${{{second}}}`"),
            4 => format!("{}.f?.({first})", self.object(below)),
            5 => format!("({{ f(x) {{ return [this.k, x] }}, k: {first} }})?.f({second})"),
            6 => format!("((o) => (o?.f)(1))({{ f(x) {{ return [this.k, x] }}, k: {first} }})"),
            7 => format!("((o) => [delete o.{0}, delete o?.b?.c, o])({1})", self.pick(&KEYS), self.object(below)),
            8 => format!("(function g(n) {{ return n < 1 ? {first} : [n, g(n - 1)] }})({})", self.below(4)),
            9 => format!("JSON.parse(JSON.stringify([{first}, {second}]), (k, v) => typeof v === 'number' ? v + 1 : v)"),
            10 => format!(
                "JSON.stringify({first}, {}, {})",
                self.pick(&["['a', 'b', 'name', '0']", "(k, v) => v === null ? 'nil' : v", "null"]),
                self.pick(&["0", "2", "'--'"])
            ),
            11 => format!("[typeof {first}, {first} instanceof Array, {second} instanceof Object, void 0]"),
            12 => format!("Object.is({first}, {second})"),
            13 => format!(
                "((o) => {{ 'use strict'; Object.freeze(o); try {{ o.a = {first} }} catch (e) {{ return [e.name, o, Object.isFrozen(o)] }} }})({})",
                self.object(below)
            ),
            14 => format!(
                "({{ valueOf() {{ return {} }}, toString() {{ return {} }} }} {} {})",
                self.number(below),
                self.whole(below),
                self.pick(&["+", "-", "<", "==", "**"]),
                self.plain(below)
            ),
            15 => format!("`${{{{ toString: () => {} }}}}`", self.whole(below)),
            16 => format!("({first} in {})", self.object(below)),
            17 => format!("[{first}, {second}].includes({first})"),
            18 => format!("((...[x, ...y]) => ({{ x, y }}))({first}, {second}, ...{})", self.list(below)),
            19 => format!(
                "((x) => {{ switch (typeof x) {{ case 'number': return x + 1; case 'string': x += '!'; case 'object': return [x]; default: return {second} }} }})({first})"
            ),
            20 => format!("Object.entries({}).map(([k, v], i) => ({{ [k + i]: v }}))", self.object(below)),
            21 => format!("Object.hasOwn({}, '{}')", self.object(below), self.pick(&NAMES)),
            22 => format!("new Set([{first}, ...{}]).has({second})", self.list(below)),
            _ => format!("(x => y => [x, y, {first}])(1)({second})"),
        }
    }

    pub(super) fn further_list(&mut self, depth: usize) -> String {
        let (list, value) = (self.list(depth), self.expression(depth));
        match self.below(24) {
            0 => format!("{list}.sort((x, y) => String(x).length - String(y).length)"),
            1 => format!("{list}.toSorted((x, y) => String(x) < String(y) ? -1 : String(x) > String(y) ? 1 : 0)"),
            2 => format!("{list}.toReversed()"),
            3 => format!("{list}.flat(Infinity)"),
            4 => format!("{list}.reduceRight((l, x) => [...l, x], [])"),
            5 => format!("((l) => [l.splice({}), l])({list})", self.pick(&["1", "-1", "0, 1, 'n'", "1, 0, 8, 9", "-2, 1"])),
            6 => format!("[{list}.lastIndexOf({value}), {list}.findLastIndex((x) => !x)]"),
            7 => format!("[{list}.at({}), {list}.at(-1)]", self.below(3)),
            8 => format!("[...{list}.entries()]"),
            9 => format!("Array.of({value}, ...{list})"),
            10 => format!("Array({}).fill({value})", self.below(4)),
            11 => format!("Array.from({{ length: {} }}, (_, i) => [i, {value}])", self.below(4)),
            12 => format!("{}.split({}, {})", self.whole(depth), self.pick(&["','", "''", "/[,b]/", "/(a)/"]), self.below(4)),
            13 => format!("[...{}.matchAll({})].map((m) => [m.index, ...m])", self.whole(depth), self.pick(&GLOBAL)),
            14 => format!("({}.match({}) ?? [])", self.whole(depth), self.pick(&GLOBAL)),
            15 => format!(
                "((m) => m ? [m.index, m.length, ...m, {{ ...m.groups }}] : [])({}.match({}))",
                self.whole(depth),
                self.pick(&ONCE)
            ),
            16 => format!("(() => {{ const s = new Set({list}); s.delete(1); s.add({value}); return [s.size, ...s] }})()"),
            17 => format!("Object.values(Object.fromEntries({list}.map((x, i) => ['k' + i, x])))"),
            18 => format!("{list}.with(0, {value})"),
            19 => format!("[{list}.join(), {list}.some((x) => x == {value}), {list}.every((x) => x != {value})]"),
            20 => format!("(() => {{ const l = []; {list}.forEach((x, i, a) => l.push([x, i, a.length])); return l }})()"),
            21 => format!("{list}.copyWithin(0, 1)"),
            22 => format!("{list}.concat([{value}], {list}, 'z')"),
            _ => format!("{list}.toSpliced(1, 1, {value})"),
        }
    }

    pub(super) fn further_text(&mut self, depth: usize) -> String {
        let text = self.whole(depth);
        match self.below(22) {
            0 => format!("{text}.replace({}, (m, ...r) => '<' + m + typeof r[0] + '>')", self.pick(&GLOBAL)),
            1 => format!("{text}.replace({}, '[$1$&]')", self.pick(&GLOBAL[2..3])),
            2 => format!("{text}.replaceAll({}, '$$-$`')", self.pick(&GLOBAL)),
            3 => format!("{text}.replace({}, `${{{}}}`)", self.pick(&ONCE), self.number(depth)),
            4 => format!("String.raw`{}${{{text}}}\\n\\u00e9${{{}}}\\\\`", self.pick(&["", "a", "\\t"]), self.number(depth)),
            5 => format!("({}).toFixed({})", self.number(depth), self.below(8)),
            6 => format!("({} | 0).toString({})", self.number(depth), self.pick(&["2", "7", "16", "36"])),
            7 => format!("({}).toPrecision({})", self.number(depth), 1 + self.below(20)),
            8 => format!("({}).toExponential({})", self.number(depth), self.pick(&["", "0", "3", "15"])),
            9 => format!("new Date({}).toISOString()", self.time(depth)),
            10 => format!("JSON.stringify([new Date({})])", self.time(depth)),
            11 => format!("{text}.padEnd({}, {})", self.below(9), self.pick(&TEXTS)),
            12 => format!("{text}.concat({}, {})", self.number(depth), self.pick(&TEXTS)),
            13 => format!("{text}.substr({})", self.pick(&["1", "-2", "1, 2", "-3, 1"])),
            14 => format!("encodeURIComponent({text}.toWellFormed())"),
            15 => format!("{text}.normalize('{}')", self.pick(&["NFC", "NFD"])),
            16 => format!("String.fromCharCode(65 + {}, 97)", self.below(9)),
            17 => format!("{text}[{}] + ''", self.below(3)),
            18 => format!("[...{text}].reverse().join('')"),
            19 => format!("'' + ((f) => f(2))((x) => {text} + x)"),
            20 => format!("(({}) + (() => {{}})).slice(0, 6)", self.whole(depth)),
            _ => format!("{text}.at({}) + ''", self.pick(&["0", "-1", "5"])),
        }
    }

    fn whole(&mut self, depth: usize) -> String {
        format!("({})", self.text(depth))
    }

    fn time(&mut self, depth: usize) -> String {
        match self.below(5) {
            0 => "1600000000123".to_owned(),
            1 => format!("Date.UTC(20{}, {}, {})", 10 + self.below(40), self.below(15), self.below(40)),
            2 => {
                self.pick(&["'2020-02-29T12:34:56.789Z'", "'1999-12-31'", "'2021-06-01T00:00:00+02:30'", "'nonsense'"]).to_owned()
            }
            3 => format!("{} * 86400000", self.number(depth)),
            _ => self.pick(&["0", "-1", "951782400000", "-62135596800000", "8.64e15"]).to_owned(),
        }
    }

    pub(super) fn further_number(&mut self, depth: usize) -> String {
        let (text, number) = (self.whole(depth), self.number(depth));
        match self.below(16) {
            0 => format!("{text}.charCodeAt({})", self.below(4)),
            1 => format!("({text}.codePointAt({}) ?? -5)", self.below(4)),
            2 => format!("{text}.lastIndexOf({})", self.pick(&TEXTS)),
            3 => format!("{text}.indexOf({}, {})", self.pick(&TEXTS), self.below(5)),
            4 => format!("{text}.search({})", self.pick(&ONCE)),
            5 => format!("Number({text}.startsWith({}, {}))", self.pick(&TEXTS), self.below(3)),
            6 => format!("Number({text}.endsWith({}, {}))", self.pick(&TEXTS), self.below(5)),
            7 => format!("({number} ** {})", self.pick(&["2", "0.5", "-1", "3", "(-0)"])),
            8 => format!("parseFloat({text})"),
            9 => format!("Number({}.test({text}))", self.pick(&ONCE)),
            10 => format!(
                "new Date({}).getUTC{}()",
                self.time(depth),
                self.pick(&["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"])
            ),
            11 => format!("new Date({}).getTime()", self.time(depth)),
            12 => format!(
                "((d) => d.setUTC{}({}))(new Date({}))",
                self.pick(&["Month", "Date", "Hours", "FullYear", "Minutes"]),
                self.pick(&NUMBERS),
                self.time(depth)
            ),
            13 => format!("(~{number})"),
            14 => format!("Number([Number.isInteger({number}), isNaN({text})].indexOf(true))"),
            _ => format!("Math.{}({number})", self.pick(&["sqrt", "cbrt", "clz32", "fround", "log2", "hypot"])),
        }
    }
}
