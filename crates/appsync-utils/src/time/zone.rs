//! Time zones as `java.time.ZoneId.of` names them, their English names, and the forms of offsets.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// A zone with the id that Java prints for it.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) id: String,
    pub(super) zone: TimeZone,
    /// Whether it is one of the time zone database.
    pub(super) is_region: bool,
}

/// The longest offset, in seconds.
pub(super) const MOST_SECONDS: i32 = 18 * 3600;

impl Zone {
    pub(super) fn offset(seconds: i32) -> Result<Self, String> {
        let out_of_range = || "Zone offset not in valid range: -18:00 to +18:00".to_owned();
        if seconds.abs() > MOST_SECONDS {
            return Err(out_of_range());
        }
        let offset = Offset::from_seconds(seconds).map_err(|_| out_of_range())?;
        Ok(Zone { id: offset_id(seconds), zone: TimeZone::fixed(offset), is_region: false })
    }

    fn prefixed(prefix: &str, seconds: i32) -> Result<Self, String> {
        let zone = Self::offset(seconds)?;
        let id = if seconds == 0 { prefix.to_owned() } else { format!("{prefix}{}", zone.id) };
        Ok(Zone { id, is_region: seconds == 0, ..zone })
    }

    /// An id of the time zone database, in its spelling.
    pub(super) fn region(name: &str) -> Option<Self> {
        // Java's database keeps these three as abbreviations only.
        if matches!(name, "EST" | "MST" | "HST") {
            return None;
        }
        if matches!(name, "UTC" | "GMT" | "UT") {
            return Self::prefixed(name, 0).ok();
        }
        let zone = TimeZone::get(name).ok()?;
        (zone.iana_name() == Some(name)).then(|| Zone { id: name.to_owned(), zone, is_region: true })
    }

    /// Its name at a time: that of `z`, or with four letters; of `v`, without standard and daylight time, if `generic`.
    pub(super) fn name(&self, instant: Timestamp, long: bool, generic: bool) -> String {
        let Some(names) = NAMES.names.get(&*self.id).filter(|_| self.is_region) else { return self.id.clone() };
        let at = match (generic, long, self.is_daylight(instant)) {
            (true, ..) => 4,
            (false, false, _) => 0,
            (false, true, _) => 2,
        } + if generic { usize::from(long) } else { usize::from(self.is_daylight(instant)) };
        names.get(at).map_or_else(|| self.id.clone(), |name| (*name).to_owned())
    }

    fn is_daylight(&self, instant: Timestamp) -> bool {
        // Where the database calls winter the daylight time, Java does not.
        const NEGATIVE: [&str; 5] = ["Europe/Dublin", "Eire", "Africa/Casablanca", "Africa/El_Aaiun", "Africa/Windhoek"];
        let info = self.zone.to_offset_info(instant);
        if NEGATIVE.contains(&&*self.id) { info.offset().seconds() > 0 } else { info.dst().is_dst() }
    }
}

/// The names of the zones, and the zones of the names.
struct Names {
    names: HashMap<&'static str, Vec<&'static str>>,
    short: HashMap<&'static str, &'static str>,
    long: HashMap<&'static str, &'static str>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names { names: HashMap::new(), short: HashMap::new(), long: HashMap::new() };
    for line in include_str!("zone_names.tsv").lines() {
        match line.split('\t').collect::<Vec<_>>()[..] {
            ["names", texts, zones] => {
                let texts: Vec<&str> = texts.split('|').collect();
                names.names.extend(zones.split(',').map(|zone| (zone, texts.clone())));
            }
            ["parse", "z", name, zone] => _ = names.short.insert(name, zone),
            ["parse", "zzzz", name, zone] => _ = names.long.insert(name, zone),
            _ => {}
        }
    }
    names
});

/// The zone whose name begins the text, and how long that is: the longest.
pub(super) fn named(text: &str, long: bool) -> Option<(Zone, usize)> {
    const LONGEST: usize = 60;
    let names = if long { &NAMES.long } else { &NAMES.short };
    (1..=text.len().min(LONGEST)).rev().filter_map(|length| text.get(..length)).find_map(|name| {
        let zone = names.get(name).copied().unwrap_or(name);
        Some((Zone::region(zone).or_else(|| find(zone).ok().filter(|_| zone != name))?, name.len()))
    })
}

/// The zone whose id begins the text, and how long that is: an offset, `UTC`, `GMT` or `UT` with an offset, or a region.
pub(super) fn id_at(text: &str) -> Option<(Zone, usize)> {
    if text.starts_with(['+', '-']) {
        let (seconds, length) = read_offset(text, OffsetForm::Colons)?;
        return Some((Zone::offset(seconds).ok()?, length));
    }
    for prefix in ["UTC", "GMT", "UT"] {
        if let Some(rest) = text.strip_prefix(prefix)
            && rest.starts_with(['+', '-'])
            && let Some((seconds, length)) = read_offset(rest, OffsetForm::Colons)
        {
            return Some((Zone::prefixed(prefix, seconds).ok()?, prefix.len() + length));
        }
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"/_+-".contains(c)).unwrap_or(text.len());
    let region = (1..=end.min(60)).rev().find_map(|length| Some((Zone::region(text.get(..length)?)?, length)));
    region.or_else(|| text.starts_with('Z').then(|| Zone::offset(0).ok()).flatten().map(|zone| (zone, 1)))
}

/// `ZoneId.of`.
pub(super) fn find(name: &str) -> Result<Zone, String> {
    if name == "Z" || name.starts_with(['+', '-']) || name.chars().nth(1).is_none() {
        return Zone::offset(offset_of(name)?);
    }
    for prefix in ["UTC", "GMT", "UT"] {
        if let Some(rest) = name.strip_prefix(prefix).filter(|rest| rest.starts_with(['+', '-'])) {
            let invalid = |_| format!("Invalid ID for offset-based ZoneId: {name}");
            return Zone::prefixed(prefix, offset_of(rest).map_err(invalid)?);
        }
    }
    let legal = |(at, c): (usize, char)| c.is_ascii_alphabetic() || (at > 0 && (c.is_ascii_digit() || "/._~+-".contains(c)));
    if !name.char_indices().all(legal) {
        return Err(format!("Invalid ID for region-based ZoneId, invalid format: {name}"));
    }
    Zone::region(name).ok_or_else(|| format!("Unknown time-zone ID: {name}"))
}

/// `ZoneOffset.of`: `Z`, `±h`, `±hh`, `±hh:mm`, `±hhmm`, `±hh:mm:ss`, `±hhmmss`.
fn offset_of(text: &str) -> Result<i32, String> {
    if text == "Z" {
        return Ok(0);
    }
    let padded = if text.len() == 2 { text.split_at_checked(1).map(|(sign, hour)| format!("{sign}0{hour}")) } else { None };
    let whole = padded.as_deref().unwrap_or(text);
    let places: &[usize] = match (whole.len(), whole.as_bytes().get(3)) {
        (3, _) => &[1],
        (5, _) => &[1, 3],
        (6, _) => &[1, 4],
        (7, _) => &[1, 3, 5],
        (9, _) => &[1, 4, 7],
        _ => return Err(format!("Invalid ID for ZoneOffset, invalid format: {text}")),
    };
    let mut parts = [0; 3];
    for (part, &at) in parts.iter_mut().zip(places) {
        if at > 1 && whole.len() % 3 == 0 && whole.as_bytes().get(at - 1) != Some(&b':') {
            return Err(format!("Invalid ID for ZoneOffset, colon not found when expected: {text}"));
        }
        let digits = whole.get(at..at + 2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        *part = digits
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| format!("Invalid ID for ZoneOffset, non numeric characters found: {text}"))?;
    }
    let sign = match whole.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(format!("Invalid ID for ZoneOffset, plus/minus not found when expected: {text}")),
    };
    let [hours, minutes, seconds] = parts;
    if hours > 18 {
        return Err(format!("Zone offset hours not in valid range: value {} is not in the range -18 to 18", sign * hours));
    }
    for (name, value) in [("minutes", minutes), ("seconds", seconds)] {
        if value > 59 {
            return Err(format!("Zone offset {name} not in valid range: value {} is not in the range -59 to 59", sign * value));
        }
    }
    Ok(sign * (hours * 3600 + minutes * 60 + seconds))
}

/// The forms of offsets in patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffsetForm {
    /// `+HHmm`: `X`, `x`.
    OptionalMinutes,
    /// `+HHMM`: `XX`, `Z`.
    Minutes,
    /// `+HH:MM`: `XXX`.
    MinutesColon,
    /// `+HHMMss`: `XXXX`.
    Seconds,
    /// `+HH:MM:ss`: `XXXXX`.
    Colons,
}

impl OffsetForm {
    pub(super) fn of(count: usize) -> Self {
        match count {
            1 => OffsetForm::OptionalMinutes,
            2 => OffsetForm::Minutes,
            3 => OffsetForm::MinutesColon,
            4 => OffsetForm::Seconds,
            _ => OffsetForm::Colons,
        }
    }
}

/// Reads an offset from the start of the text: its seconds, which may be out of range, and its length.
pub(super) fn read_offset(text: &str, form: OffsetForm) -> Option<(i32, usize)> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let colon = usize::from(matches!(form, OffsetForm::MinutesColon | OffsetForm::Colons));
    let part = |at: usize| {
        if colon == 1 && at > 1 && text.as_bytes().get(at - 1) != Some(&b':') {
            return None;
        }
        let digits = text.get(at..at + 2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<i32>().ok().filter(|number| at == 1 || *number < 60)
    };
    let hours = part(1)?;
    let (mut seconds, mut end) = (hours * 3600, 3);
    let minutes = part(end + colon);
    if minutes.is_none() && form != OffsetForm::OptionalMinutes {
        return None;
    }
    if let Some(minutes) = minutes {
        seconds += minutes * 60;
        end += colon + 2;
        if matches!(form, OffsetForm::Seconds | OffsetForm::Colons)
            && let Some(rest) = part(end + colon)
        {
            seconds += rest;
            end += colon + 2;
        }
    }
    Some((sign * seconds, end))
}

/// Hours, minutes and seconds of an offset, each two digits where `padded`, `:` between where `colon`; minutes and seconds as
/// asked.
pub(super) fn write_offset(seconds: i32, padded: bool, colon: &str, minutes: bool, with_seconds: bool, out: &mut String) {
    out.push(if seconds < 0 { '-' } else { '+' });
    let total = seconds.unsigned_abs();
    let (h, m, s) = (total / 3600, total / 60 % 60, total % 60);
    out.push_str(&if padded { format!("{h:02}") } else { h.to_string() });
    if minutes {
        out.push_str(&format!("{colon}{m:02}"));
    }
    if with_seconds {
        out.push_str(&format!("{colon}{s:02}"));
    }
}

fn offset_id(seconds: i32) -> String {
    if seconds == 0 {
        return "Z".to_owned();
    }
    let mut out = String::new();
    write_offset(seconds, true, ":", true, seconds % 60 != 0, &mut out);
    out
}
