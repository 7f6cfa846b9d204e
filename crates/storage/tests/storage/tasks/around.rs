//! Comments, attachments and dependencies.

use super::*;
use squad_storage::{
    MAX_ATTACHMENT, MAX_ATTACHMENTS, NewTaskAttachment, NewTaskComment, TaskError, TaskPatch, TaskRefusal,
    TaskRemoval,
};
use squad_testkit::each_database;
use std::time::Duration;

fn comment(number: u32, body: &str) -> NewTaskComment {
    NewTaskComment { id: task_id(100 + number), task: task_id(1), body: body.into() }
}

fn attachment(number: u32, content: Vec<u8>) -> NewTaskAttachment {
    NewTaskAttachment {
        id: task_id(200 + number),
        task: task_id(1),
        name: format!("shot {number}.png"),
        media_type: "image/png".into(),
        sha256: "ab".repeat(32),
        content,
    }
}

#[tokio::test]
async fn comments_come_in_their_order_and_change_on_their_own() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        make(&tenant, 1).await;
        for number in 1..=3 {
            let comment = comment(number, &format!("Word {number}"));
            tenant.add_task_comment(&author(), comment).await.unwrap().unwrap();
        }
        let nowhere = NewTaskComment { task: task_id(9), ..comment(4, "?") };
        assert_eq!(tenant.add_task_comment(&author(), nowhere).await.unwrap(), None);
        let later = Author { at: NOW + Duration::from_secs(9), ..author() };
        let changed = tenant.update_task_comment(&later, task_id(102), "Better").await.unwrap().unwrap();
        assert_eq!((changed.created_at, changed.updated_at), (NOW, later.at));
        assert_eq!((changed.author.as_str(), changed.body.as_str()), ("user:ada", "Better"));
        assert_eq!(tenant.task_comment(task_id(102)).await.unwrap(), Some(changed));
        let bodies = async |after, limit| -> Vec<String> {
            let comments = tenant.task_comments(task_id(1), after, limit).await.unwrap();
            comments.into_iter().map(|comment| comment.body).collect()
        };
        assert_eq!(bodies(None, 2).await, ["Word 1", "Better"]);
        assert_eq!(bodies(Some(task_id(102)), 2).await, ["Word 3"]);
        assert!(tenant.delete_task_comment(&author(), task_id(101)).await.unwrap());
        assert!(!tenant.delete_task_comment(&author(), task_id(101)).await.unwrap());
        assert_eq!(tenant.update_task_comment(&author(), task_id(101), "?").await.unwrap(), None);
        let task = tenant.task(task_id(1)).await.unwrap().unwrap();
        assert_eq!((task.comments, task.version), (2, 1));
        let log = tenant.audit_entries(1, None).await.unwrap().remove(0);
        assert_eq!(
            (log.action.as_str(), &log.details["author"]),
            ("task_comment.deleted", &"user:ada".into())
        );
        assert_eq!(tenant.delete_task(&author(), task_id(1), None).await.unwrap(), TaskRemoval::Deleted);
        assert_eq!(tenant.task_comment(task_id(102)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn attachments_come_back_byte_by_byte_and_have_limits() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        make(&tenant, 1).await;
        let bytes: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        let added =
            tenant.add_task_attachment(&author(), attachment(1, bytes.clone())).await.unwrap().unwrap();
        assert_eq!(
            (added.size, added.name.as_str(), added.author.as_str()),
            (1_000, "shot 1.png", "user:ada")
        );
        assert_eq!(tenant.task_attachment(added.id).await.unwrap().as_ref(), Some(&added));
        assert_eq!(tenant.task_attachment_content(added.id).await.unwrap(), Some(bytes));
        let nowhere = NewTaskAttachment { task: task_id(9), ..attachment(2, vec![]) };
        assert_eq!(tenant.add_task_attachment(&author(), nowhere).await.unwrap(), None);

        let most = usize::try_from(MAX_ATTACHMENT).unwrap();
        let error =
            tenant.add_task_attachment(&author(), attachment(3, vec![0; most + 1])).await.unwrap_err();
        assert!(matches!(error, TaskError::Refused(TaskRefusal::AttachmentTooLarge)), "{error}");
        let fit = u32::try_from(MAX_ATTACHMENTS / MAX_ATTACHMENT).unwrap();
        for number in 4..3 + fit {
            tenant.add_task_attachment(&author(), attachment(number, vec![0; most])).await.unwrap().unwrap();
        }
        let error = tenant.add_task_attachment(&author(), attachment(3, vec![0; most])).await.unwrap_err();
        assert!(matches!(error, TaskError::Refused(TaskRefusal::AttachmentsFull)), "{error}");
        assert!(tenant.delete_task_attachment(&author(), added.id).await.unwrap());
        assert!(!tenant.delete_task_attachment(&author(), added.id).await.unwrap());
        tenant.add_task_attachment(&author(), attachment(3, vec![0; most])).await.unwrap().unwrap();
        let names: Vec<_> =
            tenant.task_attachments(task_id(1), Page { limit: 2, before: None }).await.unwrap();
        assert_eq!(
            names.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(),
            ["shot 12.png", "shot 11.png"]
        );
        assert_eq!(tenant.task(task_id(1)).await.unwrap().unwrap().attachments, u64::from(fit));
    })
    .await;
}

#[tokio::test]
async fn tasks_never_wait_for_each_other_in_a_circle() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        for number in 1..=3 {
            make(&tenant, number).await;
        }
        let wait =
            async |task, other| tenant.add_task_dependency(&author(), task_id(task), task_id(other)).await;
        assert!(wait(1, 2).await.unwrap());
        assert!(!wait(1, 2).await.unwrap());
        assert!(wait(2, 3).await.unwrap());
        for (task, other) in [(3, 1), (2, 1), (3, 3)] {
            let error = wait(task, other).await.unwrap_err();
            assert!(
                matches!(error, TaskError::Refused(TaskRefusal::Cycle)),
                "{task} waits for {other}: {error}"
            );
        }
        assert!(wait(1, 3).await.unwrap(), "two ways to the same are no circle");
        let error = wait(1, 9).await.unwrap_err();
        assert!(matches!(error, TaskError::Refused(TaskRefusal::UnknownTask(id)) if id == task_id(9)));
        let around = tenant.task_dependencies(task_id(2)).await.unwrap();
        assert_eq!(around.waits_for.iter().map(|link| link.number).collect::<Vec<_>>(), [3]);
        assert_eq!(around.holds_up.iter().map(|link| link.title.as_str()).collect::<Vec<_>>(), ["Task 1"]);
        assert_eq!(tenant.task(task_id(1)).await.unwrap().unwrap().waits_for, 2);
        let finished = TaskPatch { state: Some(TaskState::Done), ..Default::default() };
        tenant.update_task(&author(), task_id(3), None, finished).await.unwrap();
        assert_eq!(tenant.task(task_id(1)).await.unwrap().unwrap().waits_for, 1);
        let remove = async || tenant.remove_task_dependency(&author(), task_id(1), task_id(2)).await.unwrap();
        assert!(remove().await && !remove().await);
        assert!(wait(2, 1).await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_is_not_closed_from_both_sides_at_once() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        for pair in 0..8 {
            let (one, other) = (task_id(10 * pair), task_id(10 * pair + 1));
            make(&tenant, 10 * pair).await;
            make(&tenant, 10 * pair + 1).await;
            let wait = |task, depends_on| {
                let tenant = tenant.clone();
                tokio::spawn(
                    async move { tenant.add_task_dependency(&author(), task, depends_on).await.is_ok() },
                )
            };
            let (first, second) = futures::join!(wait(one, other), wait(other, one));
            assert_ne!(first.unwrap(), second.unwrap(), "one of them, and only one");
        }
    })
    .await;
}
