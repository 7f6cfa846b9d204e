//! What is read back is what was written, for any event.

use crate::common::*;
use proptest::prelude::*;
use squad_domain::conversation::{Reply, ToolCall};
use squad_domain::duty::Duty;
use squad_domain::execution::event::Attempt;
use squad_domain::execution::guard::{GuardAction, LoopPattern};
use squad_domain::execution::{Event, EventBody, ExecutionState, NewEvent, Status};
use squad_domain::message::{Actor, AgentMessage, MessageKind, Recipient};
use squad_domain::model::{Purpose, Usage};
use squad_domain::money::MicroUsd;
use squad_domain::plan::{Plan, Subtask};
use squad_domain::question::{Answer, Asked, Question, Subject};
use squad_domain::review::{Review, ReviewComment, ReviewVerdict};
use squad_domain::role::Role;
use squad_domain::tests_run::{CommandSource, TestCommand, TestRun, TestStage};
use squad_storage::Storage;
use squad_testkit::{Backend, TestDatabase, spec};

fn words() -> impl Strategy<Value = String> {
    // Any characters, zero and line separators among them.
    prop_oneof![any::<String>(), Just("\0".to_owned()), "[a-z \"\\\\{}\u{2028}]{0,20}"]
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        proptest::num::f64::NORMAL.prop_map(Into::into),
        Just(serde_json::json!(1e16)),
        Just(serde_json::json!(-0.0)),
        words().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map(words(), inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn subject() -> impl Strategy<Value = Subject> {
    let amount = any::<u64>().prop_map(MicroUsd::from_micros);
    prop_oneof![
        Just(Subject::Analysis),
        Just(Subject::TestRounds),
        (words(), words()).prop_map(|(a, b)| Subject::Tool { lane: a.into(), step: b.into() }),
        (words(), amount.clone(), amount.clone(), amount)
            .prop_map(|(scope, limit, used, needed)| Subject::Budget { scope, limit, used, needed }),
        any::<u32>().prop_map(|version| Subject::PlanApproval { version }),
        proptest::option::of(words()).prop_map(|id| Subject::ReviewRounds { subtask: id.map(Into::into) }),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        words().prop_map(|text| Answer::Text { text }),
        words().prop_map(|note| Answer::Approve { note }),
        words().prop_map(|reason| Answer::Reject { reason }),
        any::<u64>().prop_map(|limit| Answer::RaiseBudget { limit: MicroUsd::from_micros(limit) }),
        Just(Answer::Stop),
    ]
}

fn usage() -> impl Strategy<Value = Usage> {
    any::<[u32; 5]>().prop_map(|[input, cached_input, cache_write, output, reasoning]| Usage {
        input: input.into(),
        cached_input: cached_input.into(),
        cache_write: cache_write.into(),
        output: output.into(),
        reasoning: reasoning.into(),
    })
}

fn subtask() -> impl Strategy<Value = Subtask> {
    (words(), words(), proptest::collection::vec(words(), 0..3)).prop_map(|(id, title, criteria)| Subtask {
        id: id.into(),
        title: title.clone(),
        description: title,
        role: Role::BackendDeveloper,
        depends_on: vec!["s1".into()],
        acceptance_criteria: criteria,
    })
}

fn body() -> impl Strategy<Value = EventBody> {
    let call = (words(), words(), json()).prop_map(|(id, name, arguments)| ToolCall { id, name, arguments });
    let reply =
        (words(), proptest::collection::vec(call, 0..3)).prop_map(|(text, calls)| Reply { text, calls });
    prop_oneof![
        (words(), any::<bool>()).prop_map(|(reason, up)| EventBody::StateChanged {
            from: Status::Pending,
            to: if up { Status::InProgress } else { Status::Blocked },
            reason,
        }),
        (words(), proptest::option::of(words())).prop_map(|(text, option)| EventBody::WorkspacePrepared {
            base: "b".into(),
            base_branch: option.clone(),
            tier: text.clone(),
            test_command: option.map(|command| TestCommand { command, source: CommandSource::Detected }),
            guidance: None,
            map: text.clone(),
            notes: vec![text],
        }),
        (words(), proptest::option::of(any::<i32>()), any::<u64>()).prop_map(|(text, exit_code, ms)| {
            EventBody::TestsFinished {
                run: TestRun {
                    stage: TestStage::After,
                    commit: "c".into(),
                    command: text.clone(),
                    exit_code,
                    ended: text.clone(),
                    output: text,
                    duration_ms: ms,
                },
                test_command: None,
            }
        }),
        (words(), proptest::option::of(words())).prop_map(|(text, option)| EventBody::LaneOpened {
            lane: "l".into(),
            member: "Bea".into(),
            duty: Duty::Work,
            subtask: option.clone().map(Into::into),
            round: 1,
            workspace: text.clone(),
            base: "b".into(),
            tree: option.clone().map(Into::into),
            question: option.map(Into::into),
            brief: text,
        }),
        (reply, usage(), any::<(u64, u64, bool)>(), words()).prop_map(
            |(reply, usage, (cost, ms, yes), text)| {
                EventBody::ModelCallFinished {
                    step: "s".into(),
                    lane: "l".into(),
                    model: "a/b/c".parse().unwrap(),
                    reply,
                    usage,
                    estimated: yes,
                    cost: MicroUsd::from_micros(cost),
                    latency_ms: ms,
                    first_token_ms: yes.then_some(ms),
                    attempts: vec![Attempt { model: "a/b".parse().unwrap(), outcome: text, latency_ms: ms }],
                }
            }
        ),
        any::<u64>().prop_map(|reserved| EventBody::ModelCallStarted {
            step: "s".into(),
            lane: "l".into(),
            purpose: Purpose::Review,
            candidates: vec!["a/b".parse().unwrap()],
            reserved: MicroUsd::from_micros(reserved),
        }),
        (words(), any::<bool>(), any::<u64>()).prop_map(|(content, is_error, duration_ms)| {
            EventBody::ToolFinished {
                step: "s".into(),
                lane: "l".into(),
                tool: "run_command".into(),
                content,
                is_error,
                tree: is_error.then(|| "t".into()),
                duration_ms,
            }
        }),
        (proptest::collection::vec(subtask(), 0..3), words()).prop_map(|(subtasks, test_command)| {
            EventBody::PlanSubmitted { lane: "l".into(), version: 1, plan: Plan { subtasks, test_command } }
        }),
        (words(), any::<u32>()).prop_map(|(text, line)| EventBody::ReviewSubmitted {
            lane: "l".into(),
            subtask: None,
            commit: "c".into(),
            review: Review {
                verdict: ReviewVerdict::RequestChanges,
                summary: text.clone(),
                comments: vec![ReviewComment { path: text.clone(), line, body: text }],
            },
        }),
        (words(), any::<bool>()).prop_map(|(content, all)| EventBody::MessageSent {
            message: AgentMessage {
                from: Actor::Member("Bea".into()),
                to: if all { Recipient::Everyone } else { Recipient::Member("Tom".into()) },
                kind: MessageKind::CodeReviewRequest,
                content,
            },
        }),
        (subject(), words()).prop_map(|(subject, text)| EventBody::QuestionAsked {
            question: Question {
                id: "q1".into(),
                from: Actor::Engine,
                to: Asked::Person,
                subject,
                text: text.clone(),
                options: vec![text],
            },
        }),
        answer().prop_map(|answer| EventBody::QuestionAnswered { question: "q1".into(), answer }),
        (words(), proptest::collection::vec(words(), 0..3)).prop_map(|(text, tags)| EventBody::Remembered {
            lane: "l".into(),
            text,
            tags
        }),
        words().prop_map(|evidence| EventBody::LoopDetected {
            lane: "l".into(),
            pattern: LoopPattern::PingPong,
            evidence,
            action: GuardAction::Escalate,
        }),
        any::<u64>()
            .prop_map(|limit| EventBody::BudgetSet { member: None, limit: MicroUsd::from_micros(limit) }),
        Just(EventBody::Paused {}),
        Just(EventBody::Resumed {}),
    ]
}

/// Stores the bodies, each in an execution of its own where what it refers to exists, and compares.
async fn check(storage: &Storage, numbers: &mut u32, body: EventBody) {
    *numbers += 1;
    let id = create(storage, *numbers, &spec()).await;
    if !matches!(body, EventBody::LaneOpened { .. }) {
        storage.append(id, seen(1), NOW, vec![lane("Bea", "l")]).await.unwrap();
    }
    let last = storage.last_seq(id).await.unwrap().unwrap();
    let written =
        storage.append(id, seen(last), NOW, vec![NewEvent::member(&"Bea".into(), body)]).await.unwrap();
    let read = storage.events(id, last, 9).await.unwrap();
    assert_eq!(read, written);
    // Nor do the stored words differ: arguments are compared as text by the loop guard.
    assert_eq!(serde_json::to_string(&read).unwrap(), serde_json::to_string(&written).unwrap());
}

fn any_event_is_read_back_on(backend: Backend, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (database, storage) = runtime.block_on(async {
        let database = TestDatabase::new(backend).await;
        let storage = database.open().await;
        (database, storage)
    });
    let numbers = std::cell::Cell::new(0);
    proptest!(ProptestConfig { cases, failure_persistence: None, ..Default::default() }, |(body in body())| {
        let mut number = numbers.get();
        runtime.block_on(check(&storage, &mut number, body));
        numbers.set(number);
    });
    runtime.block_on(database.remove());
}

#[test]
fn any_event_is_read_back_as_it_was_written_on_sqlite() {
    any_event_is_read_back_on(Backend::Sqlite, 200);
}

#[test]
fn any_event_is_read_back_as_it_was_written_on_postgres() {
    any_event_is_read_back_on(Backend::Postgres, 200);
}

/// As deep as a reply's own JSON may be: within an event it is deeper still, and must not lock the execution out of its log.
#[tokio::test]
async fn the_deepest_arguments_that_a_model_can_send_are_read_back() {
    squad_testkit::each_database(async |storage| {
        let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
        let arguments = serde_json::from_str(&deep).unwrap();
        let call = ToolCall { id: "1".into(), name: "read_file".into(), arguments };
        let reply = Reply { text: String::new(), calls: vec![call] };
        let mut body = finished("l", "s", "0").body;
        let EventBody::ModelCallFinished { reply: said, .. } = &mut body else { panic!("{body:?}") };
        *said = reply;
        check(&storage, &mut 0, body).await;
    })
    .await;
}

/// The state that a worker held in memory and the one that the next worker reads are the same.
#[tokio::test]
async fn the_stored_log_folds_into_the_state_that_was_held_in_memory() {
    squad_testkit::each_database(async |storage| {
        let id = id(1);
        let mut held: Vec<Event> =
            vec![storage.create_execution(id, &spec(), Actor::Person("ada".into()), NOW).await.unwrap()];
        let arguments = serde_json::json!({"z": 1e16, "a": "\0", "m": [0.1, -0.0]});
        let call = ToolCall { id: "1".into(), name: "run_command".into(), arguments };
        let turns = vec![
            vec![state(Status::Pending, Status::Analyzing), lane("Bea", "work/s1/1")],
            vec![started("work/s1/1", "work/s1/1#1/model", "0.10")],
            vec![
                NewEvent::engine(EventBody::ModelCallFinished {
                    step: "work/s1/1#1/model".into(),
                    lane: "work/s1/1".into(),
                    model: "a/b".parse().unwrap(),
                    reply: Reply { text: String::new(), calls: vec![call] },
                    usage: Usage::default(),
                    estimated: false,
                    cost: usd("0.01"),
                    latency_ms: 1,
                    first_token_ms: None,
                    attempts: vec![],
                }),
                NewEvent::engine(EventBody::ToolFinished {
                    step: "work/s1/1#1/tool/0".into(),
                    lane: "work/s1/1".into(),
                    tool: "run_command".into(),
                    content: "binary \0 output".into(),
                    is_error: true,
                    tree: None,
                    duration_ms: 5,
                }),
            ],
        ];
        // Nanoseconds are not stored, so they must not be answered either.
        let at = NOW + std::time::Duration::from_nanos(789);
        for events in turns {
            let last = held.last().unwrap().seq;
            held.extend(storage.append(id, seen(last), at, events).await.unwrap());
        }
        let mut read = vec![];
        loop {
            let page = storage.events(id, read.len() as u64, 2).await.unwrap();
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        assert_eq!(ExecutionState::fold(&read).unwrap(), ExecutionState::fold(&held).unwrap());
    })
    .await;
}
