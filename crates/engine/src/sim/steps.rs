//! The rare steps on the world's disk: what `perform` does with git and a sandbox.

use super::disk::{self, Disk, Merged};
use super::guard;
use super::plot::TestCommandFrom;
use super::tools::check;
use super::world::World;
use crate::outside::Rare;
use crate::perform::lane::Opening;
use crate::perform::{Fault, Outcome};
use squad_agents::Prompts;
use squad_agents::brief::Material;
use squad_domain::duty::Duty;
use squad_domain::execution::decide::LanePlan;
use squad_domain::execution::event::Delivery;
use squad_domain::execution::{EventBody, ExecutionState, NewEvent};
use squad_domain::ids::{CommitId, SubtaskId};
use squad_domain::tests_run::{CommandSource, TestCommand, TestRun, TestStage};

pub(super) fn perform(
    world: &World,
    prompts: &Prompts,
    state: &ExecutionState,
    rare: Rare,
    at: i64,
) -> Outcome {
    let disk = &mut *guard(&world.disk);
    match rare {
        Rare::Prepare => Ok(vec![NewEvent::engine(EventBody::WorkspacePrepared {
            base: world.base.clone(),
            base_branch: Some("main".to_owned()),
            tier: "simulated".to_owned(),
            test_command: None,
            guidance: None,
            map: "src, tests".to_owned(),
            notes: Vec::new(),
        })]),
        Rare::Tests { stage, commit } => tests(world, disk, state, stage, &commit),
        Rare::OpenLane(plan) => {
            let opening = Opening::of(state, &plan)?;
            disk.restore(&opening.workspace, &opening.base, opening.tree.as_ref());
            Ok(opening.events(prompts, state, &plan, &material(disk, state, &plan)))
        }
        Rare::Merge(subtask) => merge(disk, state, &subtask, at),
        Rare::Deliver => deliver(disk, state),
    }
}

fn tests(world: &World, disk: &Disk, state: &ExecutionState, stage: TestStage, commit: &CommitId) -> Outcome {
    let found = match (&state.test_command, stage, world.plot.tests) {
        (Some(_), ..) => None,
        (None, TestStage::Before, TestCommandFrom::Repository) => Some(CommandSource::Detected),
        (None, TestStage::Before, _) => {
            return Ok(vec![NewEvent::engine(EventBody::NoTestsFound { tried: Vec::new() })]);
        }
        (None, TestStage::After, _) => Some(CommandSource::Plan),
    };
    let code = check(&disk.files_of(commit));
    let run = TestRun {
        stage,
        commit: commit.clone(),
        command: "check".to_owned(),
        exit_code: Some(code),
        ended: format!("exit status {code}"),
        output: "checked".to_owned(),
        duration_ms: 1,
    };
    let test_command = found.map(|source| TestCommand { command: "check".to_owned(), source });
    Ok(vec![NewEvent::engine(EventBody::TestsFinished { run, test_command })])
}

fn material(disk: &Disk, state: &ExecutionState, plan: &LanePlan) -> Material {
    let mut material = Material::default();
    let subtask = plan.subtask.as_ref().and_then(|id| state.subtask(id));
    let between = match (plan.duty, subtask) {
        (Duty::Review, Some(subtask)) => subtask.base.clone().zip(subtask.commit.clone()),
        (Duty::Review | Duty::Test, None) => {
            state.prepared.as_ref().map(|prepared| prepared.base.clone()).zip(state.head.clone())
        }
        _ => None,
    };
    material.diff = between.map(|(from, to)| disk::diff(&disk.files_of(&from), &disk.files_of(&to)));
    if let (Duty::Resolve, Some((files, _))) =
        (plan.duty, subtask.and_then(|subtask| subtask.conflict.as_ref()))
    {
        material.conflict_files.clone_from(files);
    }
    material
}

fn merge(disk: &mut Disk, state: &ExecutionState, id: &SubtaskId, at: i64) -> Outcome {
    let missing = || Fault(format!("sub-task `{id}` has nothing to merge"));
    let subtask = state.subtask(id).ok_or_else(missing)?;
    let head = state.head.clone().ok_or_else(missing)?;
    let work = subtask.commit.clone().ok_or_else(missing)?;
    let subtask = id.clone();
    let body = if disk.is_ancestor(&head, &work) {
        EventBody::SubtaskMerged { subtask, tree: disk.tree_of(&work), commit: work }
    } else {
        match disk.merge(&head, &work) {
            Merged::Clean(tree) => {
                let commit = disk.commit(tree.clone(), vec![head, work], &format!("Merge {id}"), at);
                EventBody::SubtaskMerged { subtask, commit, tree }
            }
            Merged::Conflict { tree, files } => EventBody::MergeConflicted { subtask, files, tree },
        }
    };
    Ok(vec![NewEvent::engine(body)])
}

fn deliver(disk: &mut Disk, state: &ExecutionState) -> Outcome {
    let missing = || Fault("there is nothing to deliver".to_owned());
    let base = state.prepared.as_ref().map(|prepared| prepared.base.clone()).ok_or_else(missing)?;
    let head = state.head.clone().ok_or_else(missing)?;
    disk.delivered = Some(head.clone());
    let delivery = Delivery {
        branch: "squad/cart".to_owned(),
        commits: disk.subjects(&base, &head),
        diff_stat: String::new(),
        location: state.spec.repository.clone(),
        commit: head,
        base,
    };
    Ok(vec![NewEvent::engine(EventBody::Delivered { delivery })])
}
