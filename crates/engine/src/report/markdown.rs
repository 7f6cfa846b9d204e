//! The report as Markdown: what a person attaches to a pull request.

use super::{Criterion, Report, Standing, TestLine, words};
use squad_domain::execution::Status;
use squad_domain::review::ReviewVerdict;

impl Report {
    /// The report as Markdown, in GitHub's dialect.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut page = Page::default();
        page.line(&format!("# {}", line(&self.task)));
        page.line(&self.headline());
        if self.scripted {
            page.line("> **Scripted model:** the words are from a script, everything else is real.");
        }
        if let Some(summary) = &self.summary {
            page.line(&paragraph(summary));
        }
        self.branch(&mut page);
        self.tests(&mut page);
        self.criteria(&mut page);
        page.list(
            "Not verified",
            self.not_verified.iter().map(|text| line(text)),
            "Nothing is left to say here.",
        );
        self.work(&mut page);
        page.list("Risks", self.risks.iter().map(|text| line(text)), "The squad named none.");
        self.questions(&mut page);
        self.costs(&mut page);
        if !self.notes.is_empty() {
            page.list("Notes on the repository", self.notes.iter().map(|text| line(text)), "");
        }
        page.line(&format!(
            "Execution `{}`. Numbers after `#` are events of its log: `squad show {} --events`.",
            self.execution_id,
            self.execution_id.short()
        ));
        page.text
    }

    fn headline(&self) -> String {
        let mark = match self.status {
            Status::Completed => "✅",
            Status::Failed => "❌",
            Status::Cancelled => "⏹",
            _ => "⏳",
        };
        let budget = self.budget.map(|budget| format!(" of {budget}")).unwrap_or_default();
        let waited = match self.waited_ms {
            0..1_000 => String::new(),
            ms => format!(", {} of it waiting for a person", words::duration(ms)),
        };
        format!(
            "{mark} **{}** ({}) · {}{waited} · {}{budget} · {}{}",
            words::status(self.status),
            line(&self.reason),
            words::duration(self.elapsed_ms),
            self.total.cost,
            line(&self.squad),
            self.sandbox.as_ref().map(|tier| format!(" · sandbox `{tier}`")).unwrap_or_default(),
        )
    }

    fn branch(&self, page: &mut Page) {
        page.heading("Branch");
        let Some(delivery) = &self.delivery else {
            page.line("Not delivered.");
            return;
        };
        page.line(&format!(
            "`{}` at `{}`, based on `{}`, in `{}`.",
            code(&delivery.branch),
            words::short_commit(delivery.commit.as_str()),
            words::short_commit(delivery.base.as_str()),
            code(&delivery.location)
        ));
        page.items(delivery.commits.iter().map(|commit| line(commit)));
        page.fence(&delivery.diff_stat);
    }

    fn tests(&self, page: &mut Page) {
        page.heading("Tests, as the engine ran them");
        match &self.tests.command {
            None => page.line("No command is known that tests this repository."),
            Some(test) => {
                page.line(&format!("`{}` ({}).", code(&test.command), words::source(test.source)));
            }
        }
        let row = |when: &str, run: &Option<TestLine>| match run {
            None => format!("| {when} | not run | | | |"),
            Some(run) => format!(
                "| {when} | {} {} | `{}` | {} | #{} |",
                if run.passed() { "✅" } else { "❌" },
                line(&run.ended),
                words::short_commit(run.commit.as_str()),
                words::duration(run.duration_ms),
                run.seq
            ),
        };
        page.line(&format!(
            "| | result | commit | took | event |\n|---|---|---|---|---|\n{}\n{}",
            row("before", &self.tests.before),
            row("after", &self.tests.after)
        ));
    }

    fn criteria(&self, page: &mut Page) {
        page.list("Acceptance criteria", self.criteria.iter().map(criterion), "None were written down.");
    }

    fn work(&self, page: &mut Page) {
        if self.subtasks.is_empty() {
            return;
        }
        page.heading("Plan and reviews");
        let rows: Vec<String> = self
            .subtasks
            .iter()
            .map(|subtask| {
                let member = subtask.member.as_ref().map(ToString::to_string).unwrap_or_default();
                format!(
                    "| {} | {} | {member} | {} | {} |",
                    subtask.id,
                    line(&subtask.title),
                    subtask.rounds,
                    subtask.stage
                )
            })
            .collect();
        page.line(&format!(
            "| | sub-task | member | rounds | stage |\n|---|---|---|---|---|\n{}",
            rows.join("\n")
        ));
        page.items(self.reviews.iter().flat_map(|review| {
            let subject = review.subtask.as_ref().map_or("the whole".to_owned(), ToString::to_string);
            let verdict = match review.verdict {
                ReviewVerdict::Approve => "approved",
                ReviewVerdict::RequestChanges => "requested changes to",
            };
            let head = format!(
                "{} {verdict} {subject} (round {}, #{}): {}",
                review.reviewer,
                review.round,
                review.seq,
                line(&review.summary)
            );
            let comments = review.comments.iter().map(|comment| {
                format!("  - `{}:{}` {}", code(&comment.path), comment.line, line(&comment.body))
            });
            // Comments are items one level below: their dash replaces the one that `items` adds.
            vec![std::iter::once(head).chain(comments).collect::<Vec<_>>().join("\n")]
        }));
    }

    fn questions(&self, page: &mut Page) {
        let items = self.questions.iter().map(|question| {
            let answer = match (&question.answer, &question.by) {
                (Some(answer), Some(by)) => format!("*{by}*: {}", line(answer)),
                _ => "*not answered*".to_owned(),
            };
            let to = if question.to == "a person" { "a person" } else { &question.to };
            format!(
                "**{}** (#{}) *{} to {to}*: {} → {answer}",
                question.id,
                question.seq,
                question.from,
                line(&question.text)
            )
        });
        page.list("Questions and answers", items, "Nobody asked anything.");
    }

    fn costs(&self, page: &mut Page) {
        page.heading("Cost and tokens");
        let row = |name: &str, who: &str, spent: &super::Spent, models: &str| {
            format!(
                "| {name} | {who} | {} | {} | {} | {} | {} | {models} |",
                spent.calls, spent.usage.input, spent.usage.cached_input, spent.usage.output, spent.cost
            )
        };
        let mut rows: Vec<String> = self
            .members
            .iter()
            .map(|member| {
                row(
                    member.name.as_str(),
                    member.role.title(),
                    &member.spent,
                    &line(&member.models.join(", ")),
                )
            })
            .collect();
        rows.push(row("**all**", "", &self.total, ""));
        page.line(&format!(
            "| member | role | calls | input | of it cached | output | cost | models |\n|---|---|--:|--:|--:|--:|--:|---|\n{}",
            rows.join("\n")
        ));
    }
}

fn criterion(criterion: &Criterion) -> String {
    let mark = match criterion.standing {
        Standing::Proven => "✅",
        Standing::TestsOnly => "🟡",
        Standing::Open => "⬜",
    };
    let scope = criterion.subtask.as_ref().map(|id| format!("{id}: ")).unwrap_or_default();
    let proof: Vec<String> =
        criterion.proof.iter().map(|proof| format!("{} (#{})", line(&proof.what), proof.seq)).collect();
    let proof = if proof.is_empty() { "not shown".to_owned() } else { proof.join(", ") };
    format!("{mark} {scope}{} — {proof}", line(&criterion.text))
}

/// Text of a model or a person on one line, so that it can neither break a table nor bring HTML of its own.
fn line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    escape(&words)
}

/// The same, with its paragraphs.
fn paragraph(text: &str) -> String {
    escape(text.trim())
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' => escaped.push_str("\\|"),
            '<' => escaped.push_str("&lt;"),
            '\n' => escaped.push('\n'),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Inside of back-ticks.
fn code(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '`').map(|c| if c == '|' { '¦' } else { c }).collect()
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str("\n\n");
    }

    fn heading(&mut self, text: &str) {
        self.line(&format!("## {text}"));
    }

    fn items(&mut self, items: impl Iterator<Item = String>) {
        let items: Vec<String> = items.map(|item| format!("- {item}")).collect();
        if !items.is_empty() {
            self.line(&items.join("\n"));
        }
    }

    fn list(&mut self, heading: &str, items: impl Iterator<Item = String>, none: &str) {
        self.heading(heading);
        let before = self.text.len();
        self.items(items);
        if self.text.len() == before {
            self.line(none);
        }
    }

    /// Longer than any fence in the text itself, so that the text cannot end it.
    fn fence(&mut self, text: &str) {
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let text: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        self.line(&format!("{fence}\n{}\n{fence}", text.trim_end_matches('\n')));
    }
}
