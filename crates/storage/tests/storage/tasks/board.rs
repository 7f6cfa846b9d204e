//! Making, changing, moving and deleting.

use super::*;
use crate::common::create;
use squad_storage::{
    BulkTaskChange, BulkTaskOutcome, LabelChange, MAX_BULK_TASKS, MAX_TASK_LABELS, TaskAssignee, TaskError,
    TaskExternal, TaskFilter, TaskPatch, TaskPlace, TaskRefusal, TaskRemoval,
};
use squad_testkit::{each_database, spec};

/// The numbers of a column's tasks, from the top.
async fn column(tenant: &Tenant, state: TaskState) -> Vec<u64> {
    let board = tenant.board(&TaskFilter::default(), 100).await.unwrap();
    board
        .into_iter()
        .find(|column| column.state == state)
        .unwrap()
        .tasks
        .iter()
        .map(|task| task.number)
        .collect()
}

fn refusal(error: TaskError) -> TaskRefusal {
    match error {
        TaskError::Refused(refusal) => refusal,
        TaskError::Storage(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_task_is_read_as_it_was_made_and_numbers_count_up() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        let link = TaskExternal { id: "gh#7".into(), url: Some("https://example.com/7".into()) };
        let task = NewTask {
            project: Some(PROJECT),
            squad: Some(SQUAD),
            description: "All \0 of it".into(),
            priority: TaskPriority::Urgent,
            assignee: Some(TaskAssignee::Member(BEA)),
            labels: vec!["ui".into(), "  a   bug\n".into(), "ui".into(), " ".into()],
            external: Some(link.clone()),
            due_at: Some(NOW),
            ..new_task(1)
        };
        let made = tenant.create_task(&author(), task).await.unwrap();
        assert_eq!((made.number, made.version, made.created_by.as_str()), (1, 1, "user:ada"));
        assert_eq!(
            (made.project, made.squad, made.priority),
            (Some(PROJECT), Some(SQUAD), TaskPriority::Urgent)
        );
        assert_eq!(
            (made.labels.join(","), made.description.as_str()),
            ("a bug,ui".into(), "All \u{fffd} of it")
        );
        assert_eq!((made.assignee, made.due_at), (Some(TaskAssignee::Member(BEA)), Some(NOW)));
        assert_eq!((made.external.as_ref(), made.created_at, made.archived_at), (Some(&link), NOW, None));
        assert_eq!(make(&tenant, 2).await.number, 2);
        assert_eq!(tenant.task(made.id).await.unwrap().as_ref(), Some(&made));
        assert_eq!(tenant.task_numbered(1).await.unwrap().as_ref(), Some(&made));
        assert_eq!(tenant.task_of_external_id("gh#7").await.unwrap().as_ref(), Some(&made));
        assert_eq!(tenant.task_numbered(3).await.unwrap(), None);
        // What it points to may go; the task stays.
        assert!(tenant.delete_project(&author(), PROJECT).await.unwrap());
        tenant.delete_squad(&author(), SQUAD).await.unwrap();
        let left = tenant.task(made.id).await.unwrap().unwrap();
        assert_eq!((left.project, left.squad, left.assignee), (None, None, None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_made_at_once_have_numbers_and_places_of_their_own() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        let makes = (0..20).map(|number| {
            let tenant = tenant.clone();
            tokio::spawn(async move { make(&tenant, number).await.number })
        });
        let mut numbers: Vec<u64> =
            futures::future::join_all(makes).await.into_iter().map(|number| number.unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
        assert_eq!(column(&tenant, TaskState::Todo).await, numbers, "each comes last when it is made");
    })
    .await;
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_the_log_says_what() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        make(&tenant, 1).await;
        let patch = TaskPatch {
            title: Some("Renamed".into()),
            priority: Some(TaskPriority::Medium),
            assignee: Some(Some(TaskAssignee::User(ADA))),
            labels: Some(LabelChange::Set(vec!["ui".into(), "bug".into()])),
            due_at: Some(Some(NOW)),
            ..TaskPatch::default()
        };
        let changed = done(tenant.update_task(&author(), task_id(1), Some(1), patch.clone()).await.unwrap());
        assert_eq!((changed.title.as_str(), changed.version), ("Renamed", 2));
        assert_eq!(changed.assignee, Some(TaskAssignee::User(ADA)));
        let entry = tenant.audit_entries(1, None).await.unwrap().remove(0);
        assert_eq!((entry.action.as_str(), entry.subject), ("task.updated", task_id(1).to_string()));
        assert_eq!(entry.details["changed"], serde_json::json!(["title", "assignee", "labels", "due_at"]));

        let again = done(tenant.update_task(&author(), task_id(1), None, patch.clone()).await.unwrap());
        assert_eq!(again, changed, "nothing is different, so it is the same version");
        assert_eq!(tenant.audit_entries(1, None).await.unwrap()[0].seq, entry.seq);
        let stale = tenant.update_task(&author(), task_id(1), Some(1), patch).await.unwrap();
        assert_eq!(stale, Change::Stale(changed));

        let labels = |change| TaskPatch { labels: Some(change), ..TaskPatch::default() };
        for (change, left) in [
            (LabelChange::Add(vec!["api".into(), "ui".into()]), "api,bug,ui"),
            (LabelChange::Remove(vec!["bug".into(), "none".into()]), "api,ui"),
        ] {
            let task = done(tenant.update_task(&author(), task_id(1), None, labels(change)).await.unwrap());
            assert_eq!(task.labels.join(","), left);
        }
        let many =
            labels(LabelChange::Add((0..MAX_TASK_LABELS).map(|number| format!("l{number}")).collect()));
        let refused = tenant.update_task(&author(), task_id(1), None, many).await.unwrap_err();
        assert_eq!(refusal(refused), TaskRefusal::TooManyLabels);
        let back = TaskPatch {
            assignee: Some(None),
            due_at: Some(None),
            archived: Some(true),
            ..TaskPatch::default()
        };
        let task = done(tenant.update_task(&author(), task_id(1), Some(4), back).await.unwrap());
        assert_eq!((task.assignee, task.due_at, task.archived_at), (None, None, Some(NOW)));
        assert_eq!(column(&tenant, TaskState::Todo).await, [0; 0]);
        assert_eq!(tenant.prove_audit().await.unwrap().broken_at, None);
    })
    .await;
}

#[tokio::test]
async fn what_a_task_points_to_must_be_the_organizations() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        let mut foreign = spec();
        foreign.org = OTHER;
        foreign.squad.id = SquadId(Uuid::from_u128(0x98));
        create(&storage, 1, &foreign).await;
        let mut first = new_task(1);
        first.external = Some(TaskExternal { id: "gh#7".into(), url: None });
        tenant.create_task(&author(), first.clone()).await.unwrap();
        make(&tenant, 2).await;
        let nobody = Uuid::from_u128(0x404);
        let cases = [
            (TaskPatch { project: Some(Some(nobody)), ..Default::default() }, TaskRefusal::UnknownProject),
            (
                TaskPatch { squad: Some(Some(foreign.squad.id)), ..Default::default() },
                TaskRefusal::UnknownSquad,
            ),
            (
                TaskPatch { assignee: Some(Some(TaskAssignee::User(UserId(nobody)))), ..Default::default() },
                TaskRefusal::UnknownUser,
            ),
            (
                TaskPatch { assignee: Some(Some(TaskAssignee::Member(nobody))), ..Default::default() },
                TaskRefusal::UnknownMember,
            ),
            (
                TaskPatch { external: Some(first.external.clone()), ..Default::default() },
                TaskRefusal::ExternalIdTaken { by: task_id(1) },
            ),
        ];
        for (patch, why) in cases {
            let error = tenant.update_task(&author(), task_id(2), None, patch).await.unwrap_err();
            assert_eq!(refusal(error), why);
        }
        let error = tenant.create_task(&author(), NewTask { id: task_id(3), ..first }).await.unwrap_err();
        assert_eq!(refusal(error), TaskRefusal::ExternalIdTaken { by: task_id(1) });
        assert_eq!(make(&tenant, 3).await.number, 3, "what was refused took no number");
        assert_eq!(tenant.task(task_id(2)).await.unwrap().unwrap().version, 1);
    })
    .await;
}

#[tokio::test]
async fn a_task_goes_where_it_is_put() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        for number in 1..=4 {
            make(&tenant, number).await;
        }
        let put = async |number, state, place| {
            done(tenant.move_task(&author(), task_id(number), None, state, place).await.unwrap())
        };
        put(4, TaskState::Todo, TaskPlace::First).await;
        assert_eq!(column(&tenant, TaskState::Todo).await, [4, 1, 2, 3]);
        put(3, TaskState::Todo, TaskPlace::Before(task_id(1))).await;
        put(4, TaskState::Todo, TaskPlace::After(task_id(2))).await;
        assert_eq!(column(&tenant, TaskState::Todo).await, [3, 1, 2, 4]);
        put(1, TaskState::Done, TaskPlace::Last).await;
        let moved = put(2, TaskState::Done, TaskPlace::Before(task_id(1))).await;
        assert_eq!((moved.state, moved.version), (TaskState::Done, 2));
        assert_eq!(column(&tenant, TaskState::Todo).await, [3, 4]);
        assert_eq!(column(&tenant, TaskState::Done).await, [2, 1]);
        let newest = tenant.audit_entries(1, None).await.unwrap().remove(0);
        assert_eq!(newest.action, "task.moved");
        assert_eq!(newest.details, serde_json::json!({ "from": "todo", "to": "done" }));

        for neighbour in [task_id(1), task_id(3), task_id(77)] {
            let place = TaskPlace::After(neighbour);
            let error =
                tenant.move_task(&author(), task_id(3), None, TaskState::Todo, place).await.unwrap_err();
            assert_eq!(refusal(error), TaskRefusal::NeighbourElsewhere);
        }
        let stale = tenant
            .move_task(&author(), task_id(2), Some(1), TaskState::Todo, TaskPlace::First)
            .await
            .unwrap();
        assert_eq!(stale, Change::Stale(moved));
        let started = TaskPatch { state: Some(TaskState::Done), ..Default::default() };
        done(tenant.update_task(&author(), task_id(3), None, started).await.unwrap());
        assert_eq!(column(&tenant, TaskState::Done).await, [2, 1, 3], "a new column is entered from below");
    })
    .await;
}

#[tokio::test]
async fn the_same_spot_takes_any_number_of_tasks() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        for number in 1..=4 {
            make(&tenant, number).await;
        }
        // Each time one of two goes between the first and the other: the gap there halves until it is used up.
        for turn in 0..60 {
            let (one, other) = if turn % 2 == 0 { (3, 2) } else { (2, 3) };
            let place = TaskPlace::Before(task_id(other));
            done(tenant.move_task(&author(), task_id(one), None, TaskState::Todo, place).await.unwrap());
            let other = u64::from(other);
            assert_eq!(column(&tenant, TaskState::Todo).await, [1, u64::from(one), other, 4], "turn {turn}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_at_once_lose_no_task_and_make_no_tie() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        for number in 1..=12 {
            make(&tenant, number).await;
        }
        let moves = (3..=12).map(|number| {
            let tenant = tenant.clone();
            tokio::spawn(async move {
                let place = TaskPlace::After(task_id(1));
                done(
                    tenant.move_task(&author(), task_id(number), None, TaskState::Todo, place).await.unwrap(),
                );
            })
        });
        for moved in futures::future::join_all(moves).await {
            moved.unwrap();
        }
        let order = column(&tenant, TaskState::Todo).await;
        assert_eq!((order[0], order[11], order.len()), (1, 2, 12), "all of them went between: {order:?}");
        // Had two of them the same place, nothing could go between them.
        let (above, below) = (order[4], order[5]);
        let place = TaskPlace::After(task_id(u32::try_from(above).unwrap()));
        done(tenant.move_task(&author(), task_id(2), None, TaskState::Todo, place).await.unwrap());
        let order = column(&tenant, TaskState::Todo).await;
        assert_eq!(order[4..7], [above, 2, below]);
    })
    .await;
}

#[tokio::test]
async fn a_task_is_deleted_unless_an_execution_worked_on_it() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        for number in 1..=2 {
            make(&tenant, number).await;
        }
        let execution = create(&storage, 1, &spec()).await;
        assert!(tenant.set_execution_task(&author(), execution, Some(task_id(1))).await.unwrap());
        assert_eq!(tenant.task_of_execution(execution).await.unwrap(), Some(task_id(1)));
        let beside = tenant.executions_of_task(task_id(1), ALL).await.unwrap();
        assert_eq!(
            (beside.len(), beside[0].id, beside[0].title.as_str()),
            (1, execution, "Let the cart count")
        );

        let stale = tenant.delete_task(&author(), task_id(1), Some(9)).await.unwrap();
        assert!(matches!(stale, TaskRemoval::Stale(task) if task.version == 1));
        let TaskRemoval::Archived(task) = tenant.delete_task(&author(), task_id(1), Some(1)).await.unwrap()
        else {
            panic!("an execution needs it")
        };
        assert_eq!((task.archived_at, task.version), (Some(NOW), 2));
        assert_eq!(tenant.delete_task(&author(), task_id(2), None).await.unwrap(), TaskRemoval::Deleted);
        assert_eq!(tenant.delete_task(&author(), task_id(2), None).await.unwrap(), TaskRemoval::NotFound);
        assert_eq!(make(&tenant, 3).await.number, 3, "a number is given once");

        assert!(tenant.set_execution_task(&author(), execution, None).await.unwrap());
        assert_eq!(tenant.delete_task(&author(), task_id(1), None).await.unwrap(), TaskRemoval::Deleted);
    })
    .await;
}

#[tokio::test]
async fn many_tasks_change_at_once_and_each_says_how_it_went() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        for number in 1..=3 {
            make(&tenant, number).await;
        }
        let ids = [task_id(1), task_id(9), task_id(2), task_id(1)];
        let patch = TaskPatch {
            state: Some(TaskState::Done),
            external: Some(Some(TaskExternal { id: "x".into(), url: None })),
            ..Default::default()
        };
        let outcomes = tenant.change_tasks(&author(), &ids, BulkTaskChange::Update(patch)).await.unwrap();
        let [(_, BulkTaskOutcome::Updated(first)), (_, missing), (_, refused)] = &outcomes[..] else {
            panic!("{outcomes:?}")
        };
        assert_eq!((first.state, first.version), (TaskState::Done, 2));
        assert_eq!(*missing, BulkTaskOutcome::NotFound);
        assert_eq!(*refused, BulkTaskOutcome::Refused(TaskRefusal::ExternalIdTaken { by: task_id(1) }));
        assert_eq!(tenant.task(task_id(2)).await.unwrap().unwrap().state, TaskState::Todo);
        let newest = tenant.audit_entries(1, None).await.unwrap().remove(0);
        assert_eq!(
            newest.details,
            serde_json::json!({ "changed": ["external", "state"], "tasks": [task_id(1)] })
        );

        let execution = create(&storage, 1, &spec()).await;
        tenant.set_execution_task(&author(), execution, Some(task_id(3))).await.unwrap();
        let ids = [task_id(2), task_id(3)];
        let outcomes = tenant.change_tasks(&author(), &ids, BulkTaskChange::Delete).await.unwrap();
        assert_eq!(outcomes[0], (task_id(2), BulkTaskOutcome::Deleted));
        assert!(
            matches!(&outcomes[1], (_, BulkTaskOutcome::Archived(task)) if task.archived_at == Some(NOW))
        );

        let many: Vec<Uuid> = (0..=MAX_BULK_TASKS as u128).map(Uuid::from_u128).collect();
        let error = tenant.change_tasks(&author(), &many, BulkTaskChange::Delete).await.unwrap_err();
        assert_eq!(refusal(error), TaskRefusal::TooMany);
    })
    .await;
}
