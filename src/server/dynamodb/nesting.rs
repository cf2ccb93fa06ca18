//! Bodies that are nested deeper than the parser follows. The service reads them and refuses an attribute value nested so deep by
//! name; for that, the body is cut at a depth the parser takes, without recursion, and looked at like any other. It is never run.

use value::{MAX_DEPTH, ParseError, Value};

/// Where the service's own parser gives up lies between some 2,000 and 5,000 levels of an attribute value, which are two
/// containers each. This bounds the cutting too.
const UNREADABLE: usize = 2 * 2_000 + 32;

/// The body up to the depth of [`MAX_DEPTH`]; `None` when it is no JSON or deeper than the service reads.
pub(super) fn cut(body: &[u8]) -> Option<Value> {
    let mut kept = Vec::with_capacity(body.len().min(64 * 1024));
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = body.get(at) {
        let mut end = at + 1;
        let mut keep = depth <= MAX_DEPTH;
        match byte {
            b'"' => {
                end = string_end(body, at)?;
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > UNREADABLE {
                    return None;
                }
                if depth == MAX_DEPTH + 1 {
                    kept.extend_from_slice(b"null");
                }
                keep = depth <= MAX_DEPTH;
            }
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if keep {
            kept.extend_from_slice(&body[at..end]);
        }
        at = end;
    }
    Value::parse(&kept).ok()
}

/// Whether the parser gave up because of the depth.
pub(super) fn is_depth(error: &ParseError) -> bool {
    error.message.contains("nested deeper than")
}

/// The place after a string that begins at `start`.
fn string_end(body: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match body.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_body_is_cut_and_a_broken_one_is_not_read() {
        let nested = |levels: usize| format!(r#"{{"a":{}"]\"[",1{}}}"#, r#"{"L":["#.repeat(levels), "]}".repeat(levels));
        let cut_off = cut(nested(1000).as_bytes()).expect("readable");
        assert_eq!(cut_off.depth_up_to(MAX_DEPTH), MAX_DEPTH);
        assert_eq!(cut(nested(3).as_bytes()), Value::parse(nested(3).as_bytes()).ok());
        assert!(cut(nested(2500).as_bytes()).is_none());
        assert!(cut(b"]").is_none());
        assert!(cut(b"\"a").is_none());
        assert!(cut(&b"[".repeat(1000)).is_none());
        let error = Value::parse(nested(300).as_bytes()).expect_err("too deep");
        assert!(is_depth(&error), "{error}");
        assert!(!is_depth(&Value::parse(b"[").expect_err("no JSON")));
    }
}
