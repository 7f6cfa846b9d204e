//! Another organization sees nothing of a task, and changes nothing of it; it stays when this one goes.

use super::*;
use crate::common::{create, push, state};
use squad_domain::execution::Status;
use squad_storage::{
    BulkTaskChange, BulkTaskOutcome, NewTaskAttachment, NewTaskComment, OrganizationDeletion,
    TaskDependencies, TaskError, TaskExternal, TaskFilter, TaskPatch, TaskPlace, TaskRefusal, TaskRemoval,
};
use squad_testkit::{each_database, spec};

#[tokio::test]
async fn another_organization_has_nothing_to_do_with_it() {
    each_database(async |storage| {
        let ours = settle(&storage).await;
        let external = Some(TaskExternal { id: "gh#7".into(), url: None });
        let labels = vec!["bug".into()];
        ours.create_task(&author(), NewTask { external, labels, ..new_task(1) }).await.unwrap();
        make(&ours, 2).await;
        ours.add_task_dependency(&author(), task_id(1), task_id(2)).await.unwrap();
        let comment = |id, task| NewTaskComment { id, task, body: "Words".into() };
        ours.add_task_comment(&author(), comment(task_id(50), task_id(1))).await.unwrap();
        let attachment = |id, task| NewTaskAttachment {
            id,
            task,
            name: "a".into(),
            media_type: "b".into(),
            sha256: "c".into(),
            content: vec![1],
        };
        ours.add_task_attachment(&author(), attachment(task_id(60), task_id(1))).await.unwrap();
        let execution = create(&storage, 1, &spec()).await;
        ours.set_execution_task(&author(), execution, Some(task_id(2))).await.unwrap();
        let entries = ours.prove_audit().await.unwrap().entries;
        let before = ours.task(task_id(1)).await.unwrap();

        let theirs = storage.tenant(OTHER);
        let own = make(&theirs, 90).await;
        assert_eq!(own.number, 1, "each organization counts for itself");
        let (author, id) = (author(), task_id(1));
        assert_eq!(theirs.task(id).await.unwrap(), None);
        assert_eq!(theirs.task_numbered(2).await.unwrap(), None);
        assert_eq!(theirs.task_of_external_id("gh#7").await.unwrap(), None);
        let all = TaskFilter::default();
        assert_eq!(theirs.tasks(&all, ALL).await.unwrap(), std::slice::from_ref(&own));
        let board = theirs.board(&all, 9).await.unwrap();
        assert_eq!(board.iter().map(|column| column.total).sum::<u64>(), 1);
        assert_eq!(theirs.task_labels().await.unwrap(), []);
        assert_eq!(theirs.task_comments(id, None, 9).await.unwrap(), []);
        assert_eq!(theirs.task_comment(task_id(50)).await.unwrap(), None);
        assert_eq!(theirs.task_attachments(id, ALL).await.unwrap(), []);
        assert_eq!(theirs.task_attachment(task_id(60)).await.unwrap(), None);
        assert_eq!(theirs.task_attachment_content(task_id(60)).await.unwrap(), None);
        assert_eq!(theirs.task_dependencies(id).await.unwrap(), TaskDependencies::default());
        assert_eq!(theirs.executions_of_task(task_id(2), ALL).await.unwrap(), []);
        assert_eq!(theirs.task_of_execution(execution).await.unwrap(), None);

        let log = theirs.prove_audit().await.unwrap().entries;
        let patch = TaskPatch { title: Some("Mine".into()), ..Default::default() };
        assert_eq!(theirs.update_task(&author, id, None, patch.clone()).await.unwrap(), Change::NotFound);
        let moved = theirs.move_task(&author, id, None, TaskState::Done, TaskPlace::First).await.unwrap();
        assert_eq!(moved, Change::NotFound);
        let beside = theirs.move_task(&author, own.id, None, TaskState::Todo, TaskPlace::After(id)).await;
        assert!(matches!(beside, Err(TaskError::Refused(TaskRefusal::NeighbourElsewhere))));
        assert_eq!(theirs.delete_task(&author, id, None).await.unwrap(), TaskRemoval::NotFound);
        for change in [BulkTaskChange::Update(patch), BulkTaskChange::Delete] {
            let outcomes = theirs.change_tasks(&author, &[id], change).await.unwrap();
            assert_eq!(outcomes, [(id, BulkTaskOutcome::NotFound)]);
        }
        assert_eq!(theirs.add_task_comment(&author, comment(task_id(51), id)).await.unwrap(), None);
        assert_eq!(theirs.update_task_comment(&author, task_id(50), "Mine").await.unwrap(), None);
        assert!(!theirs.delete_task_comment(&author, task_id(50)).await.unwrap());
        assert_eq!(theirs.add_task_attachment(&author, attachment(task_id(61), id)).await.unwrap(), None);
        assert!(!theirs.delete_task_attachment(&author, task_id(60)).await.unwrap());
        for (task, other) in [(id, own.id), (own.id, id)] {
            let refused = theirs.add_task_dependency(&author, task, other).await;
            assert!(
                matches!(refused, Err(TaskError::Refused(TaskRefusal::UnknownTask(unknown))) if unknown == id)
            );
        }
        assert!(!theirs.remove_task_dependency(&author, id, task_id(2)).await.unwrap());
        assert!(!theirs.set_execution_task(&author, execution, None).await.unwrap());
        assert!(!theirs.set_execution_task(&author, execution, Some(own.id)).await.unwrap());
        let refused = ours.set_execution_task(&author, execution, Some(own.id)).await;
        assert!(matches!(refused, Err(TaskError::Refused(TaskRefusal::UnknownTask(_)))));

        assert_eq!(ours.task(id).await.unwrap(), before);
        assert_eq!(ours.task_comment(task_id(50)).await.unwrap().unwrap().body, "Words");
        assert_eq!(ours.task_of_execution(execution).await.unwrap(), Some(task_id(2)));
        assert_eq!(ours.prove_audit().await.unwrap().entries, entries);
        assert_eq!(theirs.prove_audit().await.unwrap().entries, log);
    })
    .await;
}

#[tokio::test]
async fn an_organization_goes_with_its_whole_board() {
    each_database(async |storage| {
        let ours = settle(&storage).await;
        let labels = vec!["bug".into()];
        ours.create_task(
            &author(),
            NewTask { project: Some(PROJECT), squad: Some(SQUAD), labels, ..new_task(1) },
        )
        .await
        .unwrap();
        make(&ours, 2).await;
        ours.add_task_dependency(&author(), task_id(1), task_id(2)).await.unwrap();
        let comment = NewTaskComment { id: task_id(50), task: task_id(1), body: "Words".into() };
        ours.add_task_comment(&author(), comment).await.unwrap().unwrap();
        let execution = create(&storage, 1, &spec()).await;
        ours.set_execution_task(&author(), execution, Some(task_id(1))).await.unwrap();
        push(&storage, execution, vec![state(Status::Pending, Status::Cancelled)]).await.unwrap();
        let theirs = make(&storage.tenant(OTHER), 90).await;

        let gone = storage.delete_organization(&author(), ORG).await.unwrap();
        assert_eq!(gone, OrganizationDeletion::Done);
        assert_eq!(ours.tasks(&TaskFilter::default(), ALL).await.unwrap(), []);
        assert_eq!(ours.task_comment(task_id(50)).await.unwrap(), None);
        assert_eq!(storage.tenant(OTHER).task(theirs.id).await.unwrap(), Some(theirs));
    })
    .await;
}
