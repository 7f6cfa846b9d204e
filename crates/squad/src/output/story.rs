//! Follows a log: folds each event into the state, and says what is worth saying.

use super::line::Line;
use super::tell::tell;
use squad_domain::execution::{ApplyError, Event, EventBody, ExecutionState};
use squad_domain::ids::StepKey;
use std::collections::HashMap;

/// A log as far as it was followed.
#[derive(Debug, Default)]
pub(crate) struct Story {
    state: Option<ExecutionState>,
    /// What each tool call that is under way does, in words.
    summaries: HashMap<StepKey, String>,
}

impl Story {
    /// The next event; and what it says to people, where it says anything.
    ///
    /// # Errors
    /// Where the event cannot follow.
    pub(crate) fn next(&mut self, event: &Event) -> Result<Option<Line>, ApplyError> {
        match &mut self.state {
            None => self.state = Some(ExecutionState::fold([event])?),
            Some(state) => state.apply(event)?,
        }
        if let EventBody::ToolStarted { step, summary, .. } = &event.body {
            self.summaries.insert(step.clone(), super::clean::line(summary));
        }
        let Some(state) = &self.state else { return Ok(None) };
        let line = tell(state, &self.summaries, event);
        if let EventBody::ToolFinished { step, .. } = &event.body {
            self.summaries.remove(step);
        }
        Ok(line)
    }

    /// Where the execution stands. `None` before the first event.
    pub(crate) fn state(&self) -> Option<&ExecutionState> {
        self.state.as_ref()
    }

    /// What the tool call of a step does, in words.
    pub(crate) fn summary(&self, step: &StepKey) -> Option<&str> {
        self.summaries.get(step).map(String::as_str)
    }
}
