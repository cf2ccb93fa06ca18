//! The fenced blocks of a scenario file.

/// A block, by what it is for.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    /// Members of `[api]`.
    Api(String),
    /// `[[table]]` and whatever else stands beside `[api]`.
    Tables(String),
    /// A file of the definition.
    File { path: String, text: String },
    /// A request that the upstream expects, and its answer.
    Upstream { request: Message, answer: Message },
    /// A GraphQL query.
    Query { line: usize, query: String },
    /// Variables of the query before.
    Variables { text: String },
    /// A body to post.
    Body { line: usize, text: String },
    /// A whole HTTP request.
    Request { line: usize, message: Message },
    /// The JSON that must come back.
    Json { status: u16, text: String },
    /// The JSON that must come back some time: until it does, the request is sent again.
    Eventually { text: String },
    /// Lines that the server's log must have some time.
    Log { text: String },
    /// A whole HTTP answer.
    Response { message: Message },
}

/// An HTTP message as people write it: a first line, headers, an empty line, a body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    /// `GET /path`, or a status.
    pub(crate) first: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The rest.
    pub(crate) body: String,
}

/// All blocks of a file, in order. A fence without words is not one of ours.
pub(crate) fn read(markdown: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut lines = markdown.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(words) = line.strip_prefix("```") else { continue };
        let mut text = String::new();
        loop {
            match lines.next() {
                Some((_, "```")) => break,
                Some((_, line)) => text.push_str(&format!("{line}\n")),
                None => return Err(format!("line {}: the block does not end", at + 1)),
            }
        }
        // A command for people.
        if words != "sh" {
            blocks.push(block(at + 1, words, text)?);
        }
    }
    Ok(blocks)
}

fn block(line: usize, words: &str, text: String) -> Result<Block, String> {
    let words: Vec<&str> = words.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["toml", "api"] => Block::Api(text),
        ["toml", "tables"] => Block::Tables(text),
        ["http", "upstream"] => {
            let (request, answer) =
                text.split_once("---\n").ok_or_else(|| format!("line {line}: no `---` between request and answer"))?;
            Block::Upstream { request: message(request), answer: message(answer) }
        }
        ["graphql", "request"] => Block::Query { line, query: text },
        ["json", "variables"] => Block::Variables { text },
        ["json", "request"] => Block::Body { line, text },
        ["http", "request"] => Block::Request { line, message: message(&text) },
        ["json", "response"] => Block::Json { status: 200, text },
        ["json", "response", "eventually"] => Block::Eventually { text },
        ["text", "log"] => Block::Log { text },
        ["json", "response", status] => {
            Block::Json { status: status.parse().map_err(|_| format!("line {line}: {status} is no status"))?, text }
        }
        ["http", "response"] => Block::Response { message: message(&text) },
        [_, path] if path.contains('.') => Block::File { path: (*path).to_owned(), text },
        other => return Err(format!("line {line}: a block of no known kind: {other:?}")),
    })
}

fn message(text: &str) -> Message {
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end_matches('\n'), ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, text)| (name.to_ascii_lowercase(), text.trim().to_owned())).collect();
    Message { first, headers, body: body.trim_end_matches('\n').to_owned() }
}

/// The servers that a line `Servers: dynalite, moto` names.
pub(crate) fn servers(markdown: &str) -> Vec<String> {
    listed(markdown, "Servers: ").unwrap_or_default()
}

/// The names in the line that begins so.
pub(crate) fn listed(markdown: &str, label: &str) -> Option<Vec<String>> {
    let line = markdown.lines().find_map(|line| line.strip_prefix(label))?;
    Some(line.split(", ").map(str::to_owned).collect())
}
