//! The loop guard: notices lanes that run in circles. Pure, so that a resumed execution notices the same.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Recent calls that are compared.
const WINDOW: usize = 16;
/// The same call with the same result so often is a circle. Twice happens to careful people; three times does not.
const SAME_CALL: usize = 3;
/// Full rounds of A-B-A-B.
const ALTERNATIONS: usize = 3;
/// Turns without any tool call.
const SILENT_TURNS: u32 = 3;
/// Failed calls in a row. Higher than the others: mending arguments is work, too.
const ERRORS: usize = 6;

/// In which way a lane runs in circles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoopPattern {
    /// The same call with the same result, again and again.
    SameCall,
    /// Two calls in turn, with the same results.
    Alternating,
    /// Words without a tool call.
    Monologue,
    /// One failed call after the other.
    Errors,
    /// Two members who ask each other again and again.
    PingPong,
}

/// What is done about it; each is stronger than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardAction {
    /// The member is told.
    Hint,
    /// A stronger model takes over, where the profile has one.
    Escalate,
    /// A person is asked.
    Block,
}

/// What was noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which way.
    pub pattern: LoopPattern,
    /// What was seen, for the member and for people.
    pub evidence: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Seen {
    /// Tool, canonical arguments and result in one. Compared only in memory, so any equal texts are equal.
    fingerprint: String,
    label: String,
    is_error: bool,
}

/// What the guard remembers of one lane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Guard {
    seen: VecDeque<Seen>,
    silent: u32,
    /// Times that something was done about this lane.
    pub interventions: u32,
    /// What was noticed and not yet acted on.
    pub finding: Option<Finding>,
}

impl Guard {
    /// A tool call was performed. `arguments` are canonical (keys sorted, as `serde_json` prints them).
    pub fn tool(&mut self, tool: &str, arguments: &str, result: &str, is_error: bool) {
        self.silent = 0;
        if self.seen.len() == WINDOW {
            self.seen.pop_front();
        }
        self.seen.push_back(Seen {
            fingerprint: format!("{tool}\u{0}{arguments}\u{0}{}", without_times(result)),
            label: format!("{tool} {}", shorten(arguments, 120)),
            is_error,
        });
        self.notice();
    }

    /// A turn ended without a tool call.
    pub fn silence(&mut self) {
        self.silent += 1;
        if self.silent >= SILENT_TURNS {
            self.finding = Some(Finding {
                pattern: LoopPattern::Monologue,
                evidence: format!("{} turns in a row called no tool", self.silent),
            });
        }
    }

    /// Something outside of this lane's own calls was noticed.
    pub fn report(&mut self, pattern: LoopPattern, evidence: String) {
        self.finding = Some(Finding { pattern, evidence });
    }

    /// What to do about the finding, given whether a stronger model could take over.
    #[must_use]
    pub fn action(&self, can_escalate: bool) -> GuardAction {
        match (self.interventions, can_escalate) {
            (0, _) => GuardAction::Hint,
            (1, true) => GuardAction::Escalate,
            (_, _) => GuardAction::Block,
        }
    }

    /// Something was done about the finding: look afresh from here.
    pub fn acted(&mut self) {
        self.interventions += 1;
        self.forget();
    }

    /// A person had a say: everything starts afresh.
    pub fn reset(&mut self) {
        self.interventions = 0;
        self.forget();
    }

    fn forget(&mut self) {
        self.finding = None;
        self.silent = 0;
        self.seen.clear();
    }

    fn notice(&mut self) {
        let Some(last) = self.seen.back() else { return };
        let same = self.seen.iter().filter(|seen| seen.fingerprint == last.fingerprint).count();
        if same >= SAME_CALL {
            let evidence = format!("`{}` gave the same result {same} times", last.label);
            self.finding = Some(Finding { pattern: LoopPattern::SameCall, evidence });
            return;
        }
        let recent: Vec<&Seen> = self.seen.iter().rev().take(2 * ALTERNATIONS).collect();
        if recent.len() == 2 * ALTERNATIONS {
            let alternates = recent.windows(3).all(|w| w[0].fingerprint == w[2].fingerprint)
                && recent[0].fingerprint != recent[1].fingerprint;
            if alternates {
                let evidence =
                    format!("`{}` and `{}` in turn, {ALTERNATIONS} times", recent[1].label, recent[0].label);
                self.finding = Some(Finding { pattern: LoopPattern::Alternating, evidence });
                return;
            }
        }
        if self.seen.len() >= ERRORS && self.seen.iter().rev().take(ERRORS).all(|seen| seen.is_error) {
            let evidence = format!("{ERRORS} calls in a row failed, last `{}`", last.label);
            self.finding = Some(Finding { pattern: LoopPattern::Errors, evidence });
        }
    }
}

/// The result without what differs from run to run although nothing changed: fractions (`1.24 s`,
/// `duration_ms 53.7`) and whole numbers of seconds or milliseconds. Other numbers stay: "2 failed" after "3 failed"
/// is progress.
fn without_times(result: &str) -> String {
    let mut steady = String::with_capacity(result.len());
    let mut rest = result;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        steady.push_str(before);
        let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        let (number, after) = number.split_at(end);
        let unit: String =
            after.trim_start_matches(' ').chars().take_while(char::is_ascii_alphabetic).take(8).collect();
        let time = matches!(unit.as_str(), "s" | "ms" | "us" | "ns" | "sec" | "secs" | "second" | "seconds");
        steady.push_str(if time || number.trim_end_matches('.').contains('.') { "#" } else { number });
        rest = after;
    }
    steady.push_str(rest);
    steady
}

/// At most `limit` characters of `text`, marked where it was cut.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let head: String = text.chars().take(limit - 1).collect();
    format!("{head}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(calls: &[(&str, &str, bool)]) -> Option<LoopPattern> {
        let mut guard = Guard::default();
        for (arguments, result, is_error) in calls {
            guard.tool("run_command", arguments, result, *is_error);
        }
        guard.finding.map(|finding| finding.pattern)
    }

    #[test]
    fn the_same_call_is_a_circle_only_while_its_result_stays_the_same() {
        assert_eq!(after(&[("t", "fail", false), ("t", "fail", false)]), None);
        assert_eq!(after(&[("t", "fail", false); 3]), Some(LoopPattern::SameCall));
        assert_eq!(
            after(&[
                ("t", "3 failed", false),
                ("t", "2 failed", false),
                ("t", "1 failed", false),
                ("t", "ok", false)
            ]),
            None,
            "a test that is run after each edit makes progress"
        );
    }

    #[test]
    fn a_run_that_only_took_longer_is_the_same_run() {
        let runs = [
            "exit status 1 · 1.2 s\n# duration_ms 53.7\n2 failed in 3s",
            "exit status 1 · 0.9 s\n# duration_ms 51\n2 failed in 12s",
        ];
        assert_ne!(
            without_times(runs[0]),
            without_times(runs[1]),
            "a whole number without a unit may be a count"
        );
        let runs = runs.map(|run| run.replace("51\n", "51.02\n"));
        assert_eq!(without_times(&runs[0]), without_times(&runs[1]));
        assert_ne!(without_times("2 failed"), without_times("3 failed"));
    }

    #[test]
    fn errors_in_a_row_and_silence_are_noticed() {
        let errors: Vec<(String, String)> = (0..6).map(|n| (n.to_string(), format!("error {n}"))).collect();
        let calls: Vec<_> = errors.iter().map(|(a, r)| (a.as_str(), r.as_str(), true)).collect();
        assert_eq!(after(&calls[..5]), None);
        assert_eq!(after(&calls), Some(LoopPattern::Errors));

        let mut guard = Guard::default();
        guard.silence();
        guard.silence();
        assert_eq!(guard.finding, None);
        guard.silence();
        assert!(matches!(guard.finding, Some(Finding { pattern: LoopPattern::Monologue, .. })));
    }

    #[test]
    fn a_hint_comes_first_then_a_stronger_model_then_a_person() {
        let mut guard = Guard::default();
        let mut actions = vec![];
        for _ in 0..3 {
            for _ in 0..3 {
                guard.tool("read_file", "{}", "same", false);
            }
            assert!(guard.finding.is_some());
            actions.push((guard.action(true), guard.action(false)));
            guard.acted();
            assert_eq!(guard.finding, None);
        }
        assert_eq!(
            actions,
            [
                (GuardAction::Hint, GuardAction::Hint),
                (GuardAction::Escalate, GuardAction::Block),
                (GuardAction::Block, GuardAction::Block)
            ]
        );
    }
}
