//! Programs from a seed: snippets nested into each other.

/// A xorshift generator: the same programs on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("below limit")
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

struct Writer<'t> {
    random: Random,
    expressions: Vec<&'t str>,
    statements: Vec<&'t str>,
    names: usize,
}

/// The program of a seed.
pub(super) fn program(seed: u64, expressions: &str, statements: &str) -> String {
    let mut writer = Writer {
        random: Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
        expressions: expressions.lines().filter(|line| !line.is_empty()).collect(),
        statements: statements.lines().filter(|line| !line.is_empty()).collect(),
        names: 0,
    };
    // The first numbers of neighbouring seeds resemble each other.
    for _ in 0..8 {
        writer.random.below(2);
    }
    let mut code = String::new();
    for name in ["helper", "twice", "cache", "recursive", "leads"] {
        let body = writer.statements(2, 1);
        code += &match writer.random.below(3) {
            0 => format!("function {name}(x) {{\n{body}}}\n"),
            1 => format!("const {name} = (x) => {{\n{body}}}\n"),
            _ => format!("const {name} = function (x) {{\n{body}}}\n"),
        }
        // What `ctx` is there is nothing to the rules.
        .replace("(x)", "(x, ctx)");
    }
    for handler in ["request", "response"] {
        let body = writer.statements(3, 2);
        code += &format!("export function {handler}(ctx) {{\n{body}}}\n");
    }
    code
}

impl Writer<'_> {
    fn name(&mut self) -> String {
        self.names += 1;
        format!("v{}", self.names)
    }

    fn statements(&mut self, count: usize, depth: usize) -> String {
        let count = 1 + self.random.below(count);
        (0..count).map(|_| format!("{}\n", self.statement(depth))).collect()
    }

    fn statement(&mut self, depth: usize) -> String {
        let leaf = depth == 0;
        match self.random.below(if leaf { 3 } else { 9 }) {
            0 => format!("{{ {} }}", self.random.pick(&self.statements.clone())),
            1 => format!("const {} = [{}]", self.name(), self.expression(depth)),
            2 => format!("ctx.stash.{} = [{}]", self.name(), self.expression(depth)),
            3 => format!("if ({}) {{\n{}}}", self.expression(depth - 1), self.statements(2, depth - 1)),
            4 => {
                format!("for (const {} of [{}]) {{\n{}}}", self.name(), self.expression(depth - 1), self.statements(2, depth - 1))
            }
            5 => format!("function {}(a = {}) {{\n{}}}", self.name(), self.expression(depth - 1), self.statements(2, depth - 1)),
            6 => format!("const {} = (a, b) => {{\n{}}}", self.name(), self.statements(2, depth - 1)),
            7 => format!("const {{ a: {} = {} }} = ctx.args", self.name(), self.expression(depth - 1)),
            _ => format!("ctx.stash.{} = [1].map((y) => {{\n{}}})", self.name(), self.statements(1, depth - 1)),
        }
    }

    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return format!("({})", self.random.pick(&self.expressions.clone()));
        }
        match self.random.below(7) {
            0 | 1 => format!("({})", self.random.pick(&self.expressions.clone())),
            2 => format!("[{}, ...[{}]]", self.expression(depth - 1), self.expression(depth - 1)),
            3 => format!("`a${{{}}}`", self.expression(depth - 1)),
            4 => format!("({} ? {} : 1)", self.expression(depth - 1), self.expression(depth - 1)),
            5 => format!("[1].filter((y) => [y, {}])", self.expression(depth - 1)),
            _ => format!("{{ a: {} }}", self.expression(depth - 1)),
        }
    }
}
