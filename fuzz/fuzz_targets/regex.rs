//! Java's regular expressions: any pattern is compiled or refused, and any search with it ends, in bounded time, at whole characters.
//!
//! Input: the pattern, a line feed, the replacement, a line feed, the text.

#![no_main]

use java_regex::JavaRegex;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(3, '\n');
    let (pattern, replacement, text) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(regex) = JavaRegex::new(pattern) else { return };
    let mut last = 0;
    for found in regex.find_iter(text) {
        let Ok(found) = found else { break };
        assert!(last <= found.start() && text.get(found.start()..found.end()).is_some());
        last = found.end();
    }
    let _ = regex.matches_whole(text);
    let _ = regex.replace_all(text, replacement);
    let _ = regex.split(text, 0);
});
