//! Sizes and durations as people type and read them.
//!
//! All sizes are binary: `2G`, `2GB` and `2GiB` mean the same two gibibytes, because no hypervisor gives a
//! guest decimal ones.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use buffa_types::google::protobuf::Timestamp;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// Parses memory: `512M`, `2G`, `1.5G`; a bare number is in MiB. The answer is in MiB.
pub(crate) fn memory_mib(text: &str) -> Result<i32, String> {
    whole(text, MIB, "MiB")
}

/// Parses a disk's size: `20G`, `1T`, `1024M`; a bare number is in GiB. The answer is in GiB.
pub(crate) fn disk_gib(text: &str) -> Result<i32, String> {
    whole(text, GIB, "GiB")
}

/// Parses a size as a whole number of `unit`, which also is the unit of a bare number.
fn whole(text: &str, unit: u64, name: &str) -> Result<i32, String> {
    let bytes = bytes(text, unit)?;
    if bytes % unit != 0 {
        return Err(format!("{text:?} is not a whole number of {name}"));
    }
    i32::try_from(bytes / unit).map_err(|_| format!("{text:?} is too large"))
}

/// Parses a size in bytes; `unit` is that of a bare number.
fn bytes(text: &str, unit: u64) -> Result<u64, String> {
    let bad = || format!("{text:?} is not a size such as 512M, 2G or 1.5G");
    let text = text.trim();
    let at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(at);
    let scale = match suffix.trim().to_ascii_lowercase().as_str() {
        "" => unit,
        "b" => 1,
        "k" | "kb" | "kib" => KIB,
        "m" | "mb" | "mib" => MIB,
        "g" | "gb" | "gib" => GIB,
        "t" | "tb" | "tib" => TIB,
        _ => return Err(bad()),
    };
    let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
    if integer.is_empty() || (number.contains('.') && fraction.is_empty()) {
        return Err(bad());
    }
    // In integers: 1.1G must not become what the nearest binary fraction makes of it.
    let integer: u64 = integer.parse().map_err(|_| bad())?;
    let mut total = integer.checked_mul(scale).ok_or_else(bad)?;
    if !fraction.is_empty() {
        let digits = u32::try_from(fraction.len())
            .ok()
            .filter(|digits| *digits <= 6)
            .ok_or_else(bad)?;
        let part: u64 = fraction.parse().map_err(|_| bad())?;
        let part = part.checked_mul(scale).ok_or_else(bad)? / 10_u64.pow(digits);
        total = total.checked_add(part).ok_or_else(bad)?;
    }
    Ok(total)
}

/// Parses a duration: `90`, `90s`, `1.5s`, `250ms`, `5m`, `1h30m`. A bare number is in seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?} is not a duration such as 30s, 5m or 1h30m");
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|_| bad());
    }
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let at = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(bad)?;
        let (number, tail) = rest.split_at(at);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (suffix, tail) = tail.split_at(end);
        let seconds = match suffix {
            "ms" => 0.001,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return Err(bad()),
        };
        let number: f64 = number.parse().map_err(|_| bad())?;
        let part = Duration::try_from_secs_f64(number * seconds).map_err(|_| bad())?;
        total = total.checked_add(part).ok_or_else(bad)?;
        rest = tail;
    }
    Ok(total)
}

/// MiB for people: `512 MiB`, `2 GiB`, `1.5 GiB`.
pub(crate) fn show_mib(mib: i32) -> String {
    show_bytes(i64::from(mib).saturating_mul(1 << 20))
}

/// Bytes for people, to one decimal.
pub(crate) fn show_bytes(bytes: i64) -> String {
    let (sign, bytes) = (if bytes < 0 { "-" } else { "" }, bytes.unsigned_abs());
    let units = [(TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")];
    let Some((unit, name)) = units.into_iter().find(|(unit, _)| bytes >= *unit) else {
        return format!("{sign}{bytes} B");
    };
    // Rounded in integers, tenths of the unit.
    let tenths = (u128::from(bytes) * 10 + u128::from(unit) / 2) / u128::from(unit);
    match tenths % 10 {
        0 => format!("{sign}{} {name}", tenths / 10),
        tenth => format!("{sign}{}.{tenth} {name}", tenths / 10),
    }
}

/// A short time for people: `7 ms`, `0.1 s`, `12 s`, `3m20s`.
pub(crate) fn show_elapsed(time: Duration) -> String {
    match time.as_secs() {
        0 if time.as_millis() < 100 => format!("{} ms", time.as_millis()),
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// How long ago, in the two largest units where the first is small: `5s`, `3m20s`, `2h`, `3d4h`, `40d`.
pub(crate) fn show_age(at: Option<&Timestamp>, now: SystemTime) -> String {
    let Some(seconds) = at
        .and_then(system_time)
        .map(|at| now.duration_since(at).unwrap_or_default().as_secs())
    else {
        return String::new();
    };
    let pair = |large: u64, name: &str, small: u64, small_name: &str, both_below: u64| {
        let (count, rest) = (seconds / large, seconds % large / small);
        match rest {
            1.. if count < both_below => format!("{count}{name}{rest}{small_name}"),
            _ => format!("{count}{name}"),
        }
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => pair(60, "m", 1, "s", 10),
        7200..172_800 => pair(3600, "h", 60, "m", 10),
        _ => pair(86_400, "d", 3600, "h", 10),
    }
}

/// The time between two moments; none if one is not known, zero if they are in the wrong order.
pub(crate) fn between(from: Option<&Timestamp>, to: Option<&Timestamp>) -> Option<Duration> {
    let (from, to) = (system_time(from?)?, system_time(to?)?);
    Some(to.duration_since(from).unwrap_or_default())
}

/// A moment on this machine's clock; none if it cannot be expressed.
pub(crate) fn system_time(at: &Timestamp) -> Option<SystemTime> {
    SystemTime::try_from(at.clone()).ok()
}

/// A moment as RFC 3339 in UTC, as in JSON.
pub(crate) fn show_time(at: Option<&Timestamp>) -> String {
    let text = at.and_then(|at| serde_json::to_value(at).ok());
    text.and_then(|text| text.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A moment for people: to the second, in UTC.
pub(crate) fn show_moment(at: Option<&Timestamp>) -> String {
    let text = show_time(at);
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// MiB as they are typed: `2G`, `1536M`.
pub(crate) fn type_mib(mib: i32) -> String {
    if mib % 1024 == 0 {
        format!("{}G", mib / 1024)
    } else {
        format!("{mib}M")
    }
}
