//! What the members say. A function of what they are asked and how far they are: whoever asks again gets the same answer.

use super::plot::{Plot, TestCommandFrom};
use serde_json::{Value, json};
use squad_domain::conversation::{Message, Reply, ToolCall};
use squad_domain::role::Role;
use squad_llm::ModelRequest;

/// The `<assignment>` block, and how many turns were taken.
#[derive(Debug, Default)]
pub(super) struct Assignment {
    pub(super) member: String,
    pub(super) duty: String,
    pub(super) subtask: String,
    round: u32,
    turn: usize,
}

impl Assignment {
    pub(super) fn of(request: &ModelRequest) -> Self {
        let mut assignment = Self::default();
        let mut texts = request.messages.iter().filter_map(|message| match message {
            Message::User { text } => Some(text.as_str()),
            _ => None,
        });
        let brief = texts.next().unwrap_or_default();
        for line in brief.lines().skip(1).take_while(|line| *line != "</assignment>") {
            match line.split_once(": ") {
                Some(("member", name)) => assignment.member = name.to_owned(),
                Some(("duty", duty)) => assignment.duty = duty.to_owned(),
                Some(("subtask", id)) => assignment.subtask = id.to_owned(),
                Some(("round", round)) => assignment.round = round.parse().unwrap_or(0),
                _ => {}
            }
        }
        let said = request.messages.iter().filter(|message| matches!(message, Message::Assistant(_))).count();
        assignment.turn = said + texts.map(noted).sum::<usize>();
        if assignment.duty == "summarize" {
            assignment.turn = noted(brief) + brief.matches("[the member]").count();
        }
        assignment
    }
}

/// The turns that notes of a condenser stand for.
fn noted(text: &str) -> usize {
    let number = |rest: &str| rest.split(' ').next().and_then(|word| word.parse().ok());
    text.split_once("turns so far: ").and_then(|(_, rest)| number(rest)).unwrap_or(0)
}

/// One turn.
enum Turn {
    Say(&'static str),
    Call(Vec<(&'static str, Value)>),
}

fn one(tool: &'static str, arguments: Value) -> Turn {
    Turn::Call(vec![(tool, arguments)])
}

fn run(command: &str) -> Turn {
    one("run_command", json!({ "command": command }))
}

fn write(path: &str, content: &str) -> Turn {
    one("write_file", json!({ "path": path, "content": content }))
}

fn read(path: &str) -> Turn {
    one("read_file", json!({ "path": path }))
}

/// What the model says.
pub(super) fn reply(plot: &Plot, asked: &Assignment) -> Reply {
    if asked.duty == "summarize" {
        return Reply { text: format!("turns so far: {} in all", asked.turn), calls: Vec::new() };
    }
    let mut turns = turns(plot, asked);
    let turn = turns.swap_remove(asked.turn.min(turns.len() - 1));
    match turn {
        Turn::Say(text) => Reply { text: text.to_owned(), calls: Vec::new() },
        Turn::Call(calls) => {
            let call = |(n, (name, arguments)): (usize, (&str, Value))| ToolCall {
                id: format!("{}-{n}", asked.turn),
                name: name.to_owned(),
                arguments,
            };
            Reply { text: String::new(), calls: calls.into_iter().enumerate().map(call).collect() }
        }
    }
}

fn turns(plot: &Plot, asked: &Assignment) -> Vec<Turn> {
    match asked.duty.as_str() {
        "analyze" => vec![read("src/a.txt"), one("submit_analysis", analysis(plot))],
        "plan" | "agree" => vec![one("submit_plan", plan(plot))],
        "work" => work(plot, asked),
        "review" => vec![one("view_diff", json!({})), one("submit_review", review(plot, asked))],
        "resolve" => vec![
            // Too early: the markers are still there.
            one("submit_work", json!({ "summary": "both sides" })),
            write("shared.txt", "base\nfrom s1\nfrom s2\n"),
            one("submit_work", json!({ "summary": "both sides" })),
        ],
        "test" => test(plot, asked),
        _ => answer(plot),
    }
}

fn analysis(plot: &Plot) -> Value {
    let questions: &[&str] = if plot.questions { &["Which carts?", "Since when?"] } else { &[] };
    json!({ "summary": "Count.", "acceptance_criteria": ["it counts"], "risks": [], "questions": questions })
}

fn plan(plot: &Plot) -> Value {
    let subtask = |id: &str, role: &str, needs: &[&str]| {
        json!({
            "id": id, "title": format!("Part {id}"), "description": "Do it.", "role": role,
            "depends_on": needs, "acceptance_criteria": ["done"],
        })
    };
    let subtasks = [
        subtask("s1", "backend_developer", &[]),
        subtask("s2", "frontend_developer", &[]),
        subtask("s3", "backend_developer", &["s1"]),
    ];
    let test_command = if plot.tests == TestCommandFrom::Plan { "check" } else { "" };
    json!({ "subtasks": subtasks, "test_command": test_command })
}

fn work(plot: &Plot, asked: &Assignment) -> Vec<Turn> {
    let mut turns = Vec::new();
    match (asked.subtask.as_str(), asked.round) {
        ("s1", 1) => first(plot, &mut turns),
        ("s1", _) => {
            turns.extend([write("src/a.txt", &a(plot, "mended")), run("append log-s1.txt again")]);
        }
        ("s2", _) => second(plot, &mut turns),
        ("s3", _) => turns.extend([run("append src/a.txt by s3"), run("check")]),
        (fix, _) => turns.extend([run("mend"), run(&format!("append fixes.txt {fix}"))]),
    }
    turns.push(one("submit_work", json!({ "summary": format!("{} is done", asked.subtask) })));
    turns
}

fn a(plot: &Plot, how: &str) -> String {
    let bug = if plot.tests_fail { "BUG\n" } else { "" };
    format!("a {how}\n{bug}")
}

fn first(plot: &Plot, turns: &mut Vec<Turn>) {
    if plot.at_once {
        turns.push(Turn::Call(vec![
            ("list_files", json!({ "path": "." })),
            ("run_command", json!({ "command": "append log-s1.txt at once" })),
            ("read_file", json!({ "path": "src/a.txt" })),
        ]));
    }
    if plot.teammate {
        turns.push(one("ask_teammate", json!({ "to": "tech_lead", "question": "Which way?" })));
    }
    if plot.human {
        turns.push(one("ask_human", json!({ "question": "Really?", "options": ["yes", "no"] })));
    }
    if plot.condense || plot.too_long {
        turns.extend((0..6).map(|n| one("read_file", json!({ "path": "big.txt", "start_line": n + 1 }))));
    }
    turns.extend([write("src/a.txt", &a(plot, "counts")), run("append log-s1.txt once")]);
    if plot.conflict {
        turns.push(run("sort shared.txt from s1"));
    }
    turns.push(one("remember", json!({ "text": "a counts", "tags": ["a"] })));
    turns.push(one("send_message", json!({ "to": "everyone", "content": "a counts now" })));
}

fn second(plot: &Plot, turns: &mut Vec<Turn>) {
    if plot.circles {
        turns.extend((0..7).map(|_| read("src/b.txt")));
    }
    if plot.babbles {
        turns.extend([Turn::Say("Hm."), one("fly", json!({})), one("read_file", json!({ "path": 7 }))]);
    }
    turns.extend([run("append src/b.txt by s2"), run("append log-s2.txt once")]);
    if plot.conflict {
        turns.push(run("sort shared.txt from s2"));
    }
    if plot.human && plot.babbles {
        turns.push(one("report_blocked", json!({ "reason": "I do not dare" })));
    }
}

fn review(plot: &Plot, asked: &Assignment) -> Value {
    let whole = asked.subtask.is_empty();
    let first = asked.round == 1;
    let no = first && if whole { plot.whole_changes } else { plot.changes && asked.subtask == "s1" };
    let verdict = if no { "request_changes" } else { "approve" };
    let comments: Vec<Value> =
        no.then(|| json!({ "path": "src/a.txt", "line": 1, "body": "say it better" })).into_iter().collect();
    json!({ "verdict": verdict, "summary": "Read.", "comments": comments })
}

fn test(plot: &Plot, asked: &Assignment) -> Vec<Turn> {
    let fails = plot.report_fails && asked.round == 1;
    let failures: &[&str] = if fails { &["the cart counts twice"] } else { &[] };
    let verdict = if fails { "fail" } else { "pass" };
    let mut turns = vec![run("check")];
    if plot.adds_tests {
        turns.push(write("tests/more.txt", "check more\n"));
    }
    let report = json!({ "verdict": verdict, "summary": "Tried.", "failures": failures });
    turns.push(one("submit_test_report", report));
    turns
}

fn answer(plot: &Plot) -> Vec<Turn> {
    let mut turns = vec![read("src/b.txt")];
    if plot.human && plot.has(Role::TechLead) {
        turns.push(one("ask_human", json!({ "question": "They ask. Do you know?", "options": [] })));
    }
    turns.push(Turn::Say("The simple way."));
    turns
}
