//! Lists, columns and search.

use super::*;
use squad_storage::{NewTaskComment, TaskAssignee, TaskExternal, TaskFilter, TaskPatch};
use squad_testkit::each_database;

async fn numbers(tenant: &Tenant, filter: TaskFilter) -> Vec<u64> {
    tenant.tasks(&filter, ALL).await.unwrap().iter().map(|task| task.number).collect()
}

#[tokio::test]
async fn a_list_shows_what_its_filter_says_newest_first() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        let assignee = Some(TaskAssignee::User(ADA));
        for task in [
            NewTask { project: Some(PROJECT), ..new_task(1) },
            NewTask { squad: Some(SQUAD), labels: vec!["bug".into(), "ui".into()], ..new_task(2) },
            NewTask { state: TaskState::Done, priority: TaskPriority::High, assignee, ..new_task(3) },
            NewTask { assignee: Some(TaskAssignee::Member(BEA)), labels: vec!["bug".into()], ..new_task(4) },
        ] {
            tenant.create_task(&author(), task).await.unwrap();
        }
        let put_away = TaskPatch { archived: Some(true), ..Default::default() };
        make(&tenant, 5).await;
        tenant.update_task(&author(), task_id(5), None, put_away).await.unwrap();
        let all = TaskFilter::default;
        for (filter, shown) in [
            (all(), vec![4, 3, 2, 1]),
            (TaskFilter { archived: true, ..all() }, vec![5]),
            (TaskFilter { project: Some(PROJECT), ..all() }, vec![1]),
            (TaskFilter { squad: Some(SQUAD), ..all() }, vec![2]),
            (TaskFilter { state: Some(TaskState::Done), ..all() }, vec![3]),
            (TaskFilter { priority: Some(TaskPriority::High), ..all() }, vec![3]),
            (TaskFilter { assignee, ..all() }, vec![3]),
            (TaskFilter { assignee: Some(TaskAssignee::Member(BEA)), ..all() }, vec![4]),
            (TaskFilter { label: Some("bug".into()), ..all() }, vec![4, 2]),
            (TaskFilter { label: Some("bug".into()), squad: Some(SQUAD), ..all() }, vec![2]),
        ] {
            assert_eq!(numbers(&tenant, filter.clone()).await, shown, "{filter:?}");
        }
        let labels: Vec<_> =
            tenant.task_labels().await.unwrap().into_iter().map(|used| (used.label, used.tasks)).collect();
        assert_eq!(labels, [("bug".to_owned(), 2), ("ui".to_owned(), 1)]);
        let mut pages = vec![];
        let mut page = Page { limit: 3, before: None };
        loop {
            let tasks = tenant.tasks(&all(), page).await.unwrap();
            let Some(last) = tasks.last() else { break };
            page.before = Some(last.id);
            pages.push(tasks.iter().map(|task| task.number).collect::<Vec<_>>());
        }
        assert_eq!(pages, [vec![4, 3, 2], vec![1]]);
    })
    .await;
}

#[tokio::test]
async fn the_board_has_every_column_and_says_how_much_it_leaves_out() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        for number in 1..=3 {
            let project = (number > 1).then_some(PROJECT);
            tenant.create_task(&author(), NewTask { project, ..new_task(number) }).await.unwrap();
        }
        tenant.create_task(&author(), NewTask { state: TaskState::Done, ..new_task(4) }).await.unwrap();
        let shown = async |filter: TaskFilter| -> Vec<(TaskState, u64, Vec<u64>)> {
            let board = tenant.board(&filter, 2).await.unwrap();
            let numbers = |tasks: Vec<TaskRow>| tasks.iter().map(|task| task.number).collect();
            board.into_iter().map(|column| (column.state, column.total, numbers(column.tasks))).collect()
        };
        use TaskState::*;
        let nothing = |state| (state, 0, vec![]);
        let board = shown(TaskFilter::default()).await;
        let full = [(Todo, 3, vec![1, 2]), (Done, 1, vec![4])];
        assert_eq!((&board[1], &board[4]), (&full[0], &full[1]));
        assert_eq!(board.iter().map(|column| column.0).collect::<Vec<_>>(), TaskState::ALL);
        let board = shown(TaskFilter { project: Some(PROJECT), ..Default::default() }).await;
        assert_eq!((&board[1], &board[4]), (&(Todo, 2, vec![2, 3]), &nothing(Done)));
        let board = shown(TaskFilter { squad: Some(SQUAD), ..Default::default() }).await;
        assert!(board.iter().all(|column| *column == nothing(column.0)));
    })
    .await;
}

#[tokio::test]
async fn a_search_finds_every_word_wherever_it_is() {
    each_database(async |storage| {
        let tenant = settle(&storage).await;
        let external = Some(TaskExternal { id: "SHOP-4711".into(), url: None });
        for task in [
            NewTask {
                title: "The cart counts wrongly".into(),
                description: "Off by 100%".into(),
                ..new_task(1)
            },
            NewTask {
                title: "Überprüfung der Preise".into(),
                description: "10 of 1000".into(),
                ..new_task(2)
            },
            NewTask { title: "cart_total is slow".into(), external, ..new_task(3) },
        ] {
            tenant.create_task(&author(), task).await.unwrap();
        }
        let comment =
            NewTaskComment { id: task_id(50), task: task_id(2), body: "See also the Basket!".into() };
        tenant.add_task_comment(&author(), comment).await.unwrap().unwrap();
        for (text, found) in [
            ("CART", vec![3, 1]),
            ("cart wrong", vec![1]),
            ("wrong cart off", vec![1]),
            ("cart basket", vec![]),
            ("basket preise", vec![2]),
            ("ÜBERPRÜFUNG", vec![2]),
            ("überprüfung", vec![2]),
            ("100%", vec![1]),
            ("t_t", vec![3]),
            ("%", vec![1]),
            ("_", vec![3]),
            ("!", vec![2]),
            ("shop-47", vec![3]),
            ("#3", vec![3]),
            ("2", vec![2]),
            ("' OR 1=1 --", vec![]),
            ("\0", vec![3, 2, 1]),
            ("  ", vec![3, 2, 1]),
        ] {
            let filter = TaskFilter { text: Some(text.into()), ..Default::default() };
            assert_eq!(numbers(&tenant, filter).await, found, "{text:?}");
        }
        let long =
            TaskFilter { text: Some("cart ".repeat(5_000) + &"x".repeat(100_000)), ..Default::default() };
        assert_eq!(numbers(&tenant, long).await, [3, 1], "only the first words count");
    })
    .await;
}
