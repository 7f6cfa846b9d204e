//! Opening a lane: its worktree, and its brief.

use super::{Fault, Outcome, Surroundings, commit, knowledge, tree};
use crate::workspaces::{self, BASE, TEST, WHOLE};
use squad_agents::Prompts;
use squad_agents::brief::{self, Material};
use squad_domain::duty::Duty;
use squad_domain::execution::decide::LanePlan;
use squad_domain::execution::{EventBody, ExecutionState, NewEvent};
use squad_domain::ids::{CommitId, TreeId};
use squad_domain::message::{Actor, AgentMessage, MessageKind, Recipient};

/// Bytes of a diff in a brief. More can be read with `view_diff`.
const DIFF_BYTES: usize = 60_000;

/// Where a lane works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) workspace: String,
    pub(crate) base: CommitId,
    pub(crate) tree: Option<TreeId>,
}

impl Opening {
    /// The worktree that the lane sees, and what is in it.
    pub(crate) fn of(state: &ExecutionState, plan: &LanePlan) -> Result<Self, Fault> {
        let missing = || Fault(format!("lane `{}` has nothing to start from", plan.id));
        let head = || state.head.clone().ok_or_else(missing);
        let subtask = plan.subtask.as_ref().and_then(|id| state.subtask(id));
        let at = |workspace: &str, base: CommitId, tree: Option<TreeId>| {
            Ok(Self { workspace: workspace.to_owned(), base, tree })
        };
        match plan.duty {
            Duty::Analyze | Duty::Plan | Duty::Agree => at(BASE, head()?, None),
            Duty::Work => {
                let subtask = subtask.ok_or_else(missing)?;
                let base = subtask.base.clone().map_or_else(head, Ok)?;
                at(&workspaces::of(&subtask.spec.id), base, subtask.tree.clone())
            }
            Duty::Resolve => {
                let subtask = subtask.ok_or_else(missing)?;
                let markers = subtask.conflict.as_ref().map(|(_, tree)| tree.clone());
                at(&workspaces::of(&subtask.spec.id), head()?, markers)
            }
            Duty::Review => match subtask {
                Some(subtask) => {
                    let base = subtask.base.clone().ok_or_else(missing)?;
                    at(&workspaces::of(&subtask.spec.id), base, subtask.tree.clone())
                }
                None => at(WHOLE, head()?, None),
            },
            Duty::Test => at(TEST, head()?, None),
            Duty::Answer => {
                let question = plan.question.as_ref().and_then(|id| state.questions.get(id));
                match question.and_then(|asked| asked.question.lane()).and_then(|lane| state.lanes.get(lane))
                {
                    Some(asker) => at(&asker.workspace, asker.base.clone(), asker.tree.clone()),
                    None => at(BASE, head()?, None),
                }
            }
        }
    }

    /// The lane is open, with its brief.
    pub(crate) fn events(
        self,
        prompts: &Prompts,
        state: &ExecutionState,
        plan: &LanePlan,
        material: &Material,
    ) -> Vec<NewEvent> {
        let brief = brief::write(prompts, state, plan, material);
        let mut events: Vec<NewEvent> = review_request(state, plan).into_iter().collect();
        events.push(NewEvent::member(
            &plan.member,
            EventBody::LaneOpened {
                lane: plan.id.clone(),
                member: plan.member.clone(),
                duty: plan.duty,
                subtask: plan.subtask.clone(),
                round: plan.round,
                workspace: self.workspace,
                base: self.base,
                tree: self.tree,
                question: plan.question.clone(),
                brief,
            },
        ));
        events
    }
}

pub(crate) async fn open(around: Surroundings, state: &ExecutionState, plan: &LanePlan) -> Outcome {
    let opening = Opening::of(state, plan)?;
    let workspace = around.workspaces.open(&opening.workspace, &opening.base, opening.tree.as_ref()).await?;
    let mut material = material(&around, state, plan).await?;
    if let Some(words) = words(state, plan) {
        let tree = opening.tree.as_ref();
        material.knowledge = knowledge::for_brief(&around, state, &workspace, tree, &words).await?;
    }
    Ok(opening.events(&around.prompts, state, plan, &material))
}

/// What a lane that begins something is about; others have all they need in what they continue.
fn words(state: &ExecutionState, plan: &LanePlan) -> Option<String> {
    let task = &state.spec.task;
    match plan.duty {
        Duty::Analyze | Duty::Plan => Some(format!("{} {}", task.title, task.description)),
        Duty::Work if plan.round == 1 => {
            let subtask = &state.subtask(plan.subtask.as_ref()?)?.spec;
            Some(format!("{} {}", subtask.title, subtask.description))
        }
        Duty::Answer => Some(state.questions.get(plan.question.as_ref()?)?.question.text.clone()),
        _ => None,
    }
}

/// What only git can tell.
async fn material(around: &Surroundings, state: &ExecutionState, plan: &LanePlan) -> Result<Material, Fault> {
    let mut material = Material::default();
    let subtask = plan.subtask.as_ref().and_then(|id| state.subtask(id));
    match (plan.duty, subtask) {
        (Duty::Review, Some(subtask)) => {
            if let (Some(base), Some(to)) = (&subtask.base, &subtask.commit) {
                material.diff = Some(diff(around, base, to).await?);
            }
        }
        (Duty::Review | Duty::Test, None) => {
            if let (Some(prepared), Some(head)) = (&state.prepared, &state.head) {
                material.diff = Some(diff(around, &prepared.base, head).await?);
            }
            material.tests.clone_from(&state.whole.tests);
        }
        (Duty::Resolve, Some(subtask)) => {
            if let Some((files, markers)) = &subtask.conflict {
                material.conflict_files.clone_from(files);
                if let Some(head) = &state.head {
                    let repository = around.workspaces.repository().await?;
                    let text = repository.diff(&commit(head)?, &tree(markers)?, None, DIFF_BYTES).await?.text;
                    material.diff = Some(text);
                }
            }
        }
        _ => {}
    }
    Ok(material)
}

async fn diff(around: &Surroundings, from: &CommitId, to: &CommitId) -> Result<String, Fault> {
    let diff =
        around.workspaces.repository().await?.diff(&commit(from)?, &commit(to)?, None, DIFF_BYTES).await?;
    Ok(if diff.truncated {
        format!("{}\n[… the diff goes on; see the rest with `view_diff` per file]\n", diff.text)
    } else {
        diff.text
    })
}

/// A diff that waits for its reviewer is a message, too: people see who asked whom.
fn review_request(state: &ExecutionState, plan: &LanePlan) -> Option<NewEvent> {
    if plan.duty != Duty::Review {
        return None;
    }
    let subtask = plan.subtask.as_ref().and_then(|id| state.subtask(id));
    let author = subtask.and_then(|subtask| subtask.assignee.clone());
    let content = match subtask {
        Some(subtask) => format!(
            "{}: {} (round {}). {}",
            subtask.spec.id, subtask.spec.title, subtask.round, subtask.summary
        ),
        None => "Everything is merged: please review the whole.".to_owned(),
    };
    let from = author.map_or(Actor::Engine, Actor::Member);
    let message = AgentMessage {
        from: from.clone(),
        to: Recipient::Member(plan.member.clone()),
        kind: MessageKind::CodeReviewRequest,
        content,
    };
    Some(NewEvent { actor: from, body: EventBody::MessageSent { message } })
}
