//! Amounts of other systems, in the units of ours. Everything is exact; what is finer than our smallest step is rounded up,
//! as Kubernetes does it.

use wlc_plan::quantity::{Bytes, Millis};

use super::kdl::Value;

/// A decimal number: digits and the count of those behind the point.
struct Decimal {
    digits: u128,
    decimals: u32,
}

/// Suffixes of Kubernetes' quantities with their factors as fractions.
const SUFFIXES: [(&str, u128, u128); 15] = [
    ("", 1, 1),
    ("n", 1, 1_000_000_000),
    ("u", 1, 1_000_000),
    ("m", 1, 1_000),
    ("k", 1_000, 1),
    ("M", 1_000_000, 1),
    ("G", 1_000_000_000, 1),
    ("T", 1_000_000_000_000, 1),
    ("P", 1_000_000_000_000_000, 1),
    ("Ki", 1 << 10, 1),
    ("Mi", 1 << 20, 1),
    ("Gi", 1 << 30, 1),
    ("Ti", 1 << 40, 1),
    ("Pi", 1 << 50, 1),
    ("Ei", 1 << 60, 1),
];

fn decimal(text: &str) -> Option<(Decimal, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() > 20 || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((Decimal { digits, decimals: u32::try_from(fraction.len()).ok()? }, rest))
}

/// A quantity of Kubernetes times a factor, rounded up to whole steps.
fn steps(text: &str, factor: u128) -> Option<u64> {
    let (Decimal { digits, decimals }, suffix) = decimal(text)?;
    let (up, down) = match suffix.strip_prefix(['e', 'E']).and_then(|exponent| exponent.parse::<u32>().ok()) {
        Some(exponent) if exponent <= 18 => (10u128.pow(exponent), 1),
        Some(_) => return None,
        None => SUFFIXES.iter().find(|(known, ..)| *known == suffix).map(|(_, up, down)| (*up, *down))?,
    };
    let whole = digits.checked_mul(up)?.checked_mul(factor)?;
    u64::try_from(whole.div_ceil(10u128.pow(decimals) * down)).ok()
}

/// CPUs of Kubernetes.
pub(super) fn cpu(text: &str) -> Option<Value> {
    Some(cpus(steps(text, 1_000)?))
}

/// Thousandths of a CPU, as they are written.
fn cpus(millis: u64) -> Value {
    match i64::try_from(millis / 1_000) {
        Ok(whole) if millis.is_multiple_of(1_000) => Value::Number(whole),
        Ok(_) | Err(_) => Value::Text(format!("{millis}m")),
    }
}

/// Bytes of Kubernetes. The number stays as it is written where its unit is known here.
pub(super) fn bytes(text: &str) -> Option<String> {
    let exact = steps(text, 1)?;
    let written = format!("{text}B");
    Some(if Bytes::parse(&written) == Ok(Bytes(exact)) && !text.ends_with(|c: char| c.is_ascii_digit()) {
        written
    } else {
        in_bytes(exact)
    })
}

/// A count of Kubernetes, such as of devices.
pub(super) fn count(text: &str) -> Option<i64> {
    i64::try_from(steps(text, 1)?).ok()
}

/// Bytes in the largest unit that they are a whole number of.
fn in_bytes(bytes: u64) -> String {
    let units = [("TiB", 1u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = units.iter().find(|(_, size)| bytes > 0 && bytes.is_multiple_of(*size));
    match unit {
        Some((unit, size)) => format!("{}{unit}", bytes / size),
        None => format!("{bytes}B"),
    }
}

/// Seconds in the largest unit that they are a whole number of.
pub(super) fn seconds(seconds: i64) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("m", 60)];
    match units.iter().find(|(_, length)| seconds > 0 && seconds % length == 0) {
        Some((unit, length)) => format!("{}{unit}", seconds / length),
        None => format!("{}s", seconds.max(0)),
    }
}

/// CPUs of Compose: a number with decimals.
pub(super) fn compose_cpus(text: &str) -> Option<Value> {
    let (Decimal { digits, decimals }, "") = decimal(text)? else { return None };
    let millis = digits.checked_mul(1_000)?.div_ceil(10u128.pow(decimals));
    u64::try_from(millis).ok().map(cpus)
}

/// Bytes of Compose and Podman: `512m`, `1gb` and plain numbers, all in powers of 1024.
pub(super) fn compose_bytes(text: &str) -> Option<String> {
    let lower = text.trim().to_lowercase();
    let (Decimal { digits, decimals }, unit) = decimal(&lower)?;
    let factor: u128 = match unit.trim().trim_end_matches('b').trim_end_matches('i') {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1 << 40,
        _ => return None,
    };
    let bytes = digits.checked_mul(factor)?.div_ceil(10u128.pow(decimals));
    u64::try_from(bytes).ok().map(in_bytes)
}

/// A time of Compose or systemd: `1m30s`, `500ms`, or bare seconds.
pub(super) fn duration(text: &str) -> Option<String> {
    let text = text.trim().replace("min", "m").replace("sec", "s").replace(' ', "");
    let text = if text.ends_with(|c: char| c.is_ascii_digit()) { format!("{text}s") } else { text };
    Millis::parse(&text).ok().map(|_| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_kubernetes_become_ours() {
        let texts = [("200Mi", "200MiB"), ("1Gi", "1GiB"), ("1.5Gi", "1.5GiB"), ("128974848", "123MiB"), ("1G", "1GB")];
        let texts = texts.into_iter().chain([("1e3", "1000B"), ("1Pi", "1024TiB"), ("1100m", "2B"), ("0", "0B")]);
        for (theirs, ours) in texts {
            assert_eq!(bytes(theirs).as_deref(), Some(ours), "{theirs}");
            assert!(Bytes::parse(ours).is_ok(), "{ours}");
        }
        for (theirs, ours) in [("0.5", "500m"), ("500m", "500m"), ("1u", "1m"), ("1.5", "1500m")] {
            assert_eq!(cpu(theirs), Some(Value::Text(ours.to_owned())), "{theirs}");
        }
        assert_eq!(cpu("2"), Some(Value::Number(2)));
        for bad in ["", "x", "1X", "-1", "1e99", "99999999999999999999999", "."] {
            assert_eq!((cpu(bad), bytes(bad)), (None, None), "{bad}");
        }
    }

    #[test]
    fn amounts_and_times_of_compose_become_ours() {
        for (theirs, ours) in [("512M", "512MiB"), ("1gb", "1GiB"), ("64m", "64MiB"), ("1.5g", "1536MiB"), ("7", "7B")]
        {
            assert_eq!(compose_bytes(theirs).as_deref(), Some(ours), "{theirs}");
        }
        assert_eq!(compose_cpus("0.25"), Some(Value::Text("250m".to_owned())));
        for (theirs, ours) in [("1m30s", "1m30s"), ("90", "90s"), ("5min 20s", "5m20s"), ("10sec", "10s")] {
            assert_eq!(duration(theirs).as_deref(), Some(ours), "{theirs}");
        }
        assert_eq!(duration("soon"), None);
    }

    #[test]
    fn seconds_get_the_largest_unit() {
        let written: Vec<String> = [0, 45, 60, 90, 600, 3_600, 86_400].into_iter().map(seconds).collect();
        assert_eq!(written, ["0s", "45s", "1m", "90s", "10m", "1h", "1d"]);
    }
}
