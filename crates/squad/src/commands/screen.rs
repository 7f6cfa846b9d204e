//! What a run shows while it goes on: JSON lines, a plain log, or the live view.

use crate::context::Context;
use crate::error::CliError;
use crate::output::live::Live;
use crate::output::story::Story;
use crate::output::{self, json};
use squad_domain::execution::{Event, EventBody, ExecutionState};
use squad_engine::LiveText;
use std::io::IsTerminal as _;
use std::time::Instant;

/// What a run shows.
pub(super) struct Screen {
    story: Story,
    kind: Kind,
    /// When the last event came, by this machine's own watch.
    last: Instant,
}

enum Kind {
    Json,
    Plain,
    Live(Box<Live>),
}

impl Screen {
    /// As fits where standard output goes.
    pub(super) fn new(context: &Context) -> Self {
        let colour = anstream::stdout().current_choice() != anstream::ColorChoice::Never;
        let kind = if context.json {
            Kind::Json
        } else if std::io::stdout().is_terminal() && std::env::var("TERM").is_ok_and(|term| term != "dumb") {
            Kind::Live(Box::new(Live::new(colour)))
        } else {
            Kind::Plain
        };
        Self { story: Story::default(), kind, last: Instant::now() }
    }

    /// Shows an event. `quiet`: it happened before this run, and is only followed.
    pub(super) fn event(&mut self, event: &Event, quiet: bool) -> Result<(), CliError> {
        let line = self.story.next(event)?;
        self.last = Instant::now();
        if quiet {
            return Ok(());
        }
        match &mut self.kind {
            Kind::Json => output::print(&json::event(event)),
            Kind::Plain => line.iter().for_each(|line| output::print(&line.render(None))),
            Kind::Live(live) => {
                if let EventBody::ModelCallFinished { lane, .. } | EventBody::ToolFinished { lane, .. } =
                    &event.body
                {
                    live.said(lane);
                }
                line.iter().for_each(|line| live.log(line));
                self.tick();
            }
        }
        Ok(())
    }

    /// Shows words that are being said.
    pub(super) fn words(&mut self, text: &LiveText) {
        if let Kind::Live(live) = &mut self.kind {
            live.say(&text.lane, text.text.as_deref());
        }
    }

    /// Draws what changes without an event: the time.
    pub(super) fn tick(&mut self) {
        let elapsed = self.elapsed_ms();
        if let Kind::Live(live) = &mut self.kind {
            live.draw(&self.story, elapsed);
        }
    }

    /// The log's own time, and what went by since its last event.
    fn elapsed_ms(&self) -> u64 {
        let logged = self.story.state().map_or(0, |state| {
            u64::try_from((state.at - state.created_at).whole_milliseconds()).unwrap_or(0)
        });
        logged + u64::try_from(self.last.elapsed().as_millis()).unwrap_or(0)
    }

    /// Where the execution stands, as far as it was shown.
    pub(super) fn state(&self) -> Option<&ExecutionState> {
        self.story.state()
    }

    /// Hands the terminal to `ask`.
    pub(super) fn suspend<R>(&self, ask: impl FnOnce() -> R) -> R {
        match &self.kind {
            Kind::Live(live) => live.suspend(ask),
            _ => ask(),
        }
    }

    /// Takes away what is not part of the log.
    pub(super) fn end(self) {
        if let Kind::Live(live) = self.kind {
            live.end();
        }
    }
}
