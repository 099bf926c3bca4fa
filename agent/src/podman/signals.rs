//! Signals of Linux by name: pure. Podman wants the number where a container is made.

/// Names from number 1 on, as all architectures but MIPS, SPARC and Alpha number them (`signal(7)`).
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];
/// The first real-time signal that is free for programs, and the last.
const FIRST_REAL_TIME: u8 = 34;
const LAST_REAL_TIME: u8 = 64;

/// The number of a signal; `RTMIN+1` counts from the first real-time signal, `RTMAX-1` from the last.
pub fn number(name: &str) -> Option<u8> {
    let named = NAMES.iter().position(|known| *known == name).and_then(|index| u8::try_from(index + 1).ok());
    named.or_else(|| real_time(name))
}

/// The name of a signal that has one.
pub fn name(number: u8) -> Option<&'static str> {
    NAMES.get(usize::from(number.checked_sub(1)?)).copied()
}

fn real_time(name: &str) -> Option<u8> {
    let counted = |text: &str, sign: char| match text {
        "" => Some(0),
        _ => text.strip_prefix(sign)?.parse::<u8>().ok(),
    };
    let number = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(rest), _) => FIRST_REAL_TIME.checked_add(counted(rest, '+')?)?,
        (None, Some(rest)) => LAST_REAL_TIME.checked_sub(counted(rest, '-')?)?,
        (None, None) => return None,
    };
    (FIRST_REAL_TIME..=LAST_REAL_TIME).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_linux() {
        for (name, expected) in [
            ("HUP", Some(1)),
            ("KILL", Some(9)),
            ("TERM", Some(15)),
            ("WINCH", Some(28)),
            ("SYS", Some(31)),
            ("RTMIN+3", Some(37)),
            ("RTMAX", Some(64)),
            ("RTMIN+99", None),
            ("RTMAX+1", None),
            ("SIGTERM", None),
            ("", None),
        ] {
            assert_eq!(number(name), expected, "{name}");
        }
    }
}
