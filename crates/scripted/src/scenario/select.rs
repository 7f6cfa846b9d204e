//! From a request to the turn that answers it.

use thiserror::Error;

use super::{Scenario, Scene, Selector, Turn};
use crate::assignment::Assignment;
use crate::conversation::Conversation;

/// How much of a tool result a complaint quotes, in characters.
const QUOTED: usize = 600;

/// Why a scenario has no answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Complaint {
    /// No scene's selectors fit the request.
    #[error(
        "the scenario has no scene for this request ({assignment}; model `{model}`); add a `[[scene]]` that fits it"
    )]
    NoScene {
        /// What the request was for.
        assignment: Box<Assignment>,
        /// The model that was asked.
        model: String,
    },
    /// The lane goes on after the scene's last turn.
    #[error(
        "scene `{scene}` ends with turn {turns}, but turn {asked} was asked for; add a `[[scene.turn]]`, \
         or set `repeat = true`, or find out why the lane did not end"
    )]
    PastTheEnd {
        /// The scene's name.
        scene: String,
        /// How many turns it has.
        turns: usize,
        /// Which one was asked for, counted from 1.
        asked: usize,
    },
    /// A tool answered otherwise than the scene expects.
    #[error(
        "scene `{scene}`, turn {turn}: the latest tool results do not match `expect = {pattern:?}`; \
         the scenario and the real tools have drifted apart; the results were: {got}"
    )]
    Drift {
        /// The scene's name.
        scene: String,
        /// The turn, counted from 1.
        turn: usize,
        /// The regular expression that did not match.
        pattern: String,
        /// The start and end of what the tools answered.
        got: String,
    },
}

impl Complaint {
    /// The HTTP status with which the complaint is answered.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::NoScene { .. } | Self::PastTheEnd { .. } => 400,
            Self::Drift { .. } => 500,
        }
    }
}

/// The turn that answers a request.
pub(crate) struct Pick<'a> {
    pub(crate) scene: &'a Scene,
    /// Index of the answer in its lane, counted from 0 (beyond the scene's turns if it repeats).
    pub(crate) index: usize,
    pub(crate) turn: &'a Turn,
}

impl Scenario {
    /// Finds the turn that answers a conversation.
    pub(crate) fn pick(&self, conversation: &Conversation) -> Result<Pick<'_>, Complaint> {
        let assignment = conversation.assignment();
        let scene =
            self.scenes.iter().find(|scene| scene.fits.fits(&assignment, conversation)).ok_or_else(|| {
                Complaint::NoScene {
                    assignment: Box::new(assignment.clone()),
                    model: conversation.model.clone(),
                }
            })?;
        let index = conversation.answers_so_far();
        let turns = scene.turns.len();
        let place = if scene.repeat { index % turns } else { index };
        let turn = scene.turns.get(place).ok_or_else(|| Complaint::PastTheEnd {
            scene: scene.name.clone(),
            turns,
            asked: index + 1,
        })?;
        if let Some(expected) = &turn.expect {
            let got = conversation.latest_tool_results().unwrap_or_default();
            if !expected.is_match(&got) {
                return Err(Complaint::Drift {
                    scene: scene.name.clone(),
                    turn: index + 1,
                    pattern: expected.to_string(),
                    got: quote(&got),
                });
            }
        }
        Ok(Pick { scene, index, turn })
    }
}

impl Selector {
    fn fits(&self, assignment: &Assignment, conversation: &Conversation) -> bool {
        let same = |wanted: &Option<String>, told: &Option<String>| wanted.is_none() || wanted == told;
        let subtask = match self.subtask.as_deref() {
            Some("") => assignment.subtask.is_none(),
            _ => same(&self.subtask, &assignment.subtask),
        };
        subtask
            && same(&self.member, &assignment.member)
            && same(&self.role, &assignment.role)
            && same(&self.duty, &assignment.duty)
            && (self.round.is_none() || self.round == assignment.round)
            && self.model.as_ref().is_none_or(|model| *model == conversation.model)
            && self.when.as_ref().is_none_or(|when| when.is_match(&conversation.transcript()))
    }
}

/// A long text's start and end; test runners tell the result last.
fn quote(text: &str) -> String {
    let length = text.chars().count();
    if length == 0 {
        return "(none)".to_owned();
    }
    if length <= QUOTED {
        return text.to_owned();
    }
    let head: String = text.chars().take(QUOTED / 3).collect();
    let tail: String = text.chars().skip(length - QUOTED * 2 / 3).collect();
    format!("{head} … {tail}")
}
