//! The live view: the log scrolls above, below it one line says how the whole stands and one what each member does.

use super::activity::{self, Activity};
use super::line::Line;
use super::story::Story;
use super::{clean, style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use squad_domain::ids::LaneId;
use std::collections::BTreeMap;

/// Drawings a second, at most: calm, and cheap over slow connections.
const DRAWS_A_SECOND: u8 = 8;
/// Lines below the log, at most. More lanes than that are counted.
const MAX_LANES: usize = 12;
/// Characters of those words that are shown.
const TAIL: usize = 80;
/// What is kept of the words that a member is saying.
const LIVE_TAIL: usize = 400;

/// The live view of one execution.
pub(crate) struct Live {
    bars: MultiProgress,
    head: ProgressBar,
    lanes: Vec<ProgressBar>,
    /// What members are saying right now.
    words: BTreeMap<LaneId, String>,
    colour: bool,
}

impl Live {
    /// A view on standard output, which is a terminal.
    pub(crate) fn new(colour: bool) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stdout_with_hz(DRAWS_A_SECOND));
        let head = bars.add(bar());
        Self { bars, head, lanes: Vec::new(), words: BTreeMap::new(), colour }
    }

    /// Adds a line to the log.
    pub(crate) fn log(&self, line: &Line) {
        let text = self.coloured(line.render(Some(super::width())));
        // It only fails where the terminal is gone; the run goes on.
        let _ = self.bars.println(text.trim_end_matches('\n'));
    }

    /// More words of a member; `None`: forget those so far.
    pub(crate) fn say(&mut self, lane: &LaneId, text: Option<&str>) {
        let words = self.words.entry(lane.clone()).or_default();
        match text {
            None => words.clear(),
            Some(text) => {
                words.push_str(text);
                if words.len() > 4 * LIVE_TAIL {
                    let from = words.ceil_char_boundary(words.len() - LIVE_TAIL);
                    words.drain(..from);
                }
            }
        }
    }

    /// What a lane said is stored now; its next words begin anew.
    pub(crate) fn said(&mut self, lane: &LaneId) {
        self.words.remove(lane);
    }

    /// Draws how it stands.
    pub(crate) fn draw(&mut self, story: &Story, elapsed_ms: u64) {
        let activities = activity::of(story);
        let shown = activities.len().min(MAX_LANES);
        while self.lanes.len() > shown {
            if let Some(bar) = self.lanes.pop() {
                self.bars.remove(&bar);
            }
        }
        while self.lanes.len() < shown {
            self.lanes.push(self.bars.add(bar()));
        }
        for (bar, activity) in self.lanes.iter().zip(&activities) {
            let words = self.words.get(&activity.lane).map_or("", String::as_str);
            bar.set_message(self.coloured(row(activity, words)));
        }
        let more = activities.len() - shown;
        let more = if more > 0 { format!(" · {more} more at work") } else { String::new() };
        self.head.set_message(self.coloured(format!("{}{more}", activity::headline(story, elapsed_ms))));
    }

    /// Takes the view off the screen while `ask` uses it.
    pub(crate) fn suspend<R>(&self, ask: impl FnOnce() -> R) -> R {
        self.bars.suspend(ask)
    }

    /// Leaves the log on the screen and takes the rest away.
    pub(crate) fn end(self) {
        let _ = self.bars.clear();
    }

    fn coloured(&self, text: String) -> String {
        if self.colour { text } else { anstream::adapter::strip_str(&text).to_string() }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{wide_msg}").expect("a valid template"));
    bar
}

/// `  Bea BE   s1     $0.0142  $ node --test · ok 3 - adds up`
fn row(activity: &Activity, words: &str) -> String {
    let tail = tail(words);
    let doing = match (tail.is_empty(), activity.speaks) {
        (true, _) => activity.doing.clone(),
        (false, true) => format!("“{tail}"),
        (false, false) => format!("{} · {tail}", activity.doing),
    };
    format!(
        "  {}  {}  {}  {doing}",
        style::paint(style::STRONG, &clean::pad(&activity.who, 9)),
        style::paint(style::QUIET, &clean::pad(&activity.about, 8)),
        style::paint(style::QUIET, &activity.cost.to_string()),
    )
}

/// The latest words are at the end; the beginning is what falls off.
fn tail(words: &str) -> String {
    let words = clean::line(words);
    let count = words.chars().count();
    if count <= TAIL {
        return words;
    }
    let tail: String = words.chars().skip(count - TAIL).collect();
    format!("…{tail}")
}
