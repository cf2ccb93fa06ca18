//! The formats of AWSEmail, AWSURL, AWSPhone and AWSIPAddress (AppSync developer guide, "Scalar types").

use std::net::{Ipv4Addr, Ipv6Addr};

/// `local-part@domain` by RFC 822, leniently: a domain of one label will do, letters of any script pass.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let atom = |part: &str| {
        !part.is_empty() && !part.chars().any(|char| char.is_whitespace() || char.is_control() || "()<>[]:;@\\,\"".contains(char))
    };
    let local_ok = if quoted {
        !local.chars().any(char::is_control) && !local[1..local.len() - 1].contains('"')
    } else {
        local.split('.').all(atom)
    };
    let literal = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let domain_ok = match literal {
        Some(address) => is_ip_address(address.strip_prefix("IPv6:").unwrap_or(address)),
        None => domain.split('.').all(|label| atom(label) && !label.starts_with('-') && !label.ends_with('-')),
    };
    local_ok && domain_ok && text.len() <= 320
}

/// A URL with any scheme; two slashes in the path are refused, as the developer guide says.
pub(super) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let scheme_ok = scheme.starts_with(|char: char| char.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let characters_ok =
        !rest.is_empty() && !rest.chars().any(|char| char.is_whitespace() || char.is_control() || "<>\"{}|\\^`".contains(char));
    if !scheme_ok || !characters_ok {
        return false;
    }
    let hierarchy = rest.split(['?', '#']).next().unwrap_or_default();
    let Some(after_slashes) = hierarchy.strip_prefix("//") else {
        return !hierarchy.contains("//");
    };
    let (authority, path) = after_slashes.find('/').map_or((after_slashes, ""), |at| after_slashes.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host_ok = match host.strip_prefix('[') {
        Some(bracketed) => {
            bracketed.split_once(']').is_some_and(|(address, port)| address.parse::<Ipv6Addr>().is_ok() && is_port(port))
        }
        None => {
            let (name, port) = host.find(':').map_or((host, ""), |at| host.split_at(at));
            (!name.is_empty() || (scheme.eq_ignore_ascii_case("file") && port.is_empty()))
                && !name.contains(['[', ']'])
                && is_port(port)
        }
    };
    host_ok && !path.contains("//")
}

/// Nothing, or `:` and a port number.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.is_empty() || port.parse::<u16>().is_ok())
}

/// A number that libphonenumber takes for a possible subscriber of its country; without `+` that is the United States.
/// Blanks, hyphens, dots and brackets may separate groups.
pub(super) fn is_phone(text: &str) -> bool {
    let mut digits = String::with_capacity(text.len());
    for (at, char) in text.char_indices() {
        match char {
            '0'..='9' => digits.push(char),
            '+' if at == 0 => digits.push('+'),
            ' ' | '-' | '.' | '(' | ')' => {}
            _ => return false,
        }
    }
    // E.164 has at most 15 digits; an international prefix (011) may stand before them.
    if !(3..=19).contains(&digits.len()) {
        return false;
    }
    // The library reads its database on first use. It is not known to panic on digits, but a request must never depend
    // on that.
    std::panic::catch_unwind(|| {
        phonenumber::parse(Some(phonenumber::country::Id::US), &digits).is_ok_and(|number| phonenumber::is_valid(&number))
    })
    .unwrap_or(false)
}

/// IPv4 or IPv6 without brackets, with an optional prefix length.
pub(super) fn is_ip_address(text: &str) -> bool {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let widest = if address.parse::<Ipv4Addr>().is_ok() {
        32
    } else if address.parse::<Ipv6Addr>().is_ok() {
        128
    } else {
        return false;
    };
    prefix.is_none_or(|prefix| {
        !prefix.is_empty()
            && prefix.bytes().all(|byte| byte.is_ascii_digit())
            && prefix.parse::<u8>().is_ok_and(|length| length <= widest)
    })
}
