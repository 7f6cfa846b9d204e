//! Whether two outputs say the same, apart from what is different in every run: durations, times of day, addresses, and
//! the order of lines where tests run side by side.

/// Words behind a number that make it a duration.
const UNITS: &[&str] = &[
    "ns",
    "us",
    "µs",
    "μs",
    "ms",
    "s",
    "sec",
    "secs",
    "second",
    "seconds",
    "m",
    "min",
    "mins",
    "minute",
    "minutes",
    "millis",
    "milliseconds",
];
/// Words in front of a number that make it a duration.
const LABELS: &[&str] = &["duration_ms", "duration", "time", "elapsed", "took", "seed", "pid"];

/// Whether both say the same.
pub(crate) fn same(one: &str, other: &str) -> bool {
    lines(one) == lines(other)
}

fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        text.lines().map(|line| steady(line.trim())).filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines
}

/// The line with what changes from run to run replaced by `#`.
fn steady(line: &str) -> String {
    let chars: Vec<char> = line.chars().collect();
    let mut steady = String::with_capacity(line.len());
    let mut at = 0;
    while at < chars.len() {
        let inside_a_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
        if !chars[at].is_ascii_digit() || inside_a_word {
            steady.push(chars[at]);
            at += 1;
            continue;
        }
        let end = number(&chars, at);
        let text: String = chars[at..end].iter().collect();
        let changes = text.starts_with("0x") || is_clock(&text) || is_date(&text);
        if changes || labelled(&steady) || unit(&chars, end) {
            steady.push('#');
        } else {
            steady.push_str(&text);
        }
        at = end;
    }
    steady
}

/// Where the number that begins at `at` ends: `12`, `1.25`, `10:04:37.2`, `2026-11-21T10`, `0x7ffe`.
fn number(chars: &[char], at: usize) -> usize {
    if chars[at] == '0' && chars.get(at + 1) == Some(&'x') {
        let digits = chars[at + 2..].iter().take_while(|c| c.is_ascii_hexdigit()).count();
        return at + 2 + digits;
    }
    let mut end = at;
    while end < chars.len() {
        let joins = matches!(chars[end], '.' | ':' | '-' | 'T' | ',')
            && chars.get(end + 1).is_some_and(char::is_ascii_digit);
        if !chars[end].is_ascii_digit() && !joins {
            break;
        }
        end += 1;
    }
    end
}

fn is_clock(text: &str) -> bool {
    text.split(':').count() == 3
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    parts.next().is_some_and(|year| year.len() == 4) && parts.count() == 2
}

/// Whether a label stands right before: `duration_ms 1.5`, `time=2`.
fn labelled(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '=', ':', '"']).to_ascii_lowercase();
    LABELS.iter().any(|label| before.ends_with(label))
}

/// Whether a unit of time follows, with one blank or none between.
fn unit(chars: &[char], at: usize) -> bool {
    let rest = chars[at..].strip_prefix(&[' ']).unwrap_or(&chars[at..]);
    let word: String = rest.iter().take_while(|c| c.is_alphabetic()).collect();
    UNITS.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_in_every_run_is_no_difference() {
        for (one, other) in [
            ("finished in 0.03s", "finished in 1.20s"),
            ("not ok 1 - total (1.2345ms)", "not ok 1 - total (0.9ms)"),
            ("# duration_ms 84.219", "# duration_ms 91.3"),
            ("=== 1 failed, 3 passed in 0.12 seconds ===", "=== 1 failed, 3 passed in 2 seconds ==="),
            ("--- FAIL: TestX (0.00s)\nok", "ok\n--- FAIL: TestX (0.10s)"),
            ("<Cart object at 0x7f3a1c02>", "<Cart object at 0x7f9b0d10>"),
            ("[10:04:37] no hello", "[10:05:12] no hello"),
            ("2026-11-21T10:04:37 failed", "2026-11-21T10:09:01 failed"),
            ("Time:        1.2 s", "Time:        12 s"),
        ] {
            assert!(same(one, other), "{one} / {other}");
        }
    }

    #[test]
    fn what_the_tests_found_is_a_difference() {
        for (one, other) in [
            ("expected 90, got 80", "expected 90, got 85"),
            ("3 failed, 1 passed", "2 failed, 2 passed"),
            ("exit status 1", "exit status 2"),
            ("no hello", "no goodbye"),
            ("test_2 failed", "test_3 failed"),
            ("line 10: oops", "line 11: oops"),
        ] {
            assert!(!same(one, other), "{one} / {other}");
        }
    }
}
