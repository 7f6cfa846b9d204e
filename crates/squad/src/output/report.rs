//! The report on a terminal.

use super::{clean, style};
use squad_domain::review::ReviewVerdict;
use squad_engine::report::{Criterion, Report, Standing, TestLine, words};
use unicode_width::UnicodeWidthStr as _;

/// The report, `width` columns wide.
pub(crate) fn render(report: &Report, width: usize) -> String {
    let mut page = Page { text: String::new(), width };
    let (sign, colour) = style::status(report.status);
    page.text.push('\n');
    page.raw(&style::paint(
        colour,
        &format!("{sign} {}: {}", words::status(report.status), clean::line(&report.reason)),
    ));
    page.raw(&style::paint(style::STRONG, &clean::fit(&report.task, width)));
    page.raw(&style::paint(style::QUIET, &facts(report)));
    if report.scripted {
        page.raw(&style::paint(style::WAITING, super::tell::SCRIPTED_LABEL));
    }
    branch(&mut page, report);
    page.heading("Tests, as the engine ran them");
    page.row("before", &test(report.tests.before.as_ref()));
    page.row("after", &test(report.tests.after.as_ref()));
    if let Some(test) = &report.tests.command {
        page.row("command", &format!("{} ({})", clean::line(&test.command), words::source(test.source)));
    }
    if !report.criteria.is_empty() {
        page.heading("Acceptance criteria");
        criteria(&mut page, &report.criteria);
    }
    reviews(&mut page, report);
    questions(&mut page, report);
    page.list("Risks", &report.risks);
    page.list("Not verified", &report.not_verified);
    costs(&mut page, report);
    page.text
}

fn facts(report: &Report) -> String {
    let budget = report.budget.map(|budget| format!(" of {budget}")).unwrap_or_default();
    let waited = match report.waited_ms {
        0..1_000 => String::new(),
        ms => format!(" ({} waiting for you)", words::duration(ms)),
    };
    let sandbox = report.sandbox.as_ref().map(|tier| format!(" · sandbox {tier}")).unwrap_or_default();
    format!(
        "{}{waited} · {}{budget} · {}{sandbox} · execution {}",
        words::duration(report.elapsed_ms),
        report.total.cost,
        clean::line(&report.squad),
        report.execution_id.short()
    )
}

fn branch(page: &mut Page, report: &Report) {
    page.heading("Branch");
    let Some(delivery) = &report.delivery else {
        page.line("not delivered");
        return;
    };
    page.line(&format!(
        "{} at {} in {}",
        clean::line(&delivery.branch),
        words::short_commit(delivery.commit.as_str()),
        clean::line(&delivery.location)
    ));
    delivery.commits.iter().for_each(|commit| page.line(&format!("  {}", clean::line(commit))));
    clean::text(&delivery.diff_stat).lines().for_each(|line| page.raw(&format!("  {line}")));
}

fn test(run: Option<&TestLine>) -> String {
    let Some(run) = run else { return style::paint(style::QUIET, "not run") };
    let text = format!(
        "$ {} → {} · {}",
        clean::line(&run.command),
        clean::line(&run.ended),
        words::duration(run.duration_ms)
    );
    let (sign, colour) = if run.passed() { ("✓", style::GOOD) } else { ("✗", style::BAD) };
    format!(
        "{} {}",
        style::paint(colour, &format!("{sign} {text}")),
        style::paint(style::QUIET, &format!("#{}", run.seq))
    )
}

/// Criteria that the same events speak for stand together, with the events below the last of them.
fn criteria(page: &mut Page, criteria: &[Criterion]) {
    for group in criteria.chunk_by(|one, next| one.proof == next.proof) {
        for criterion in group {
            let (sign, colour, note) = match criterion.standing {
                Standing::Proven => ("✓", style::GOOD, ""),
                Standing::TestsOnly => ("~", style::WAITING, " (by the tests only)"),
                Standing::Open => ("·", style::QUIET, " (not shown)"),
            };
            let scope = criterion.subtask.as_ref().map(|id| format!("{id}: ")).unwrap_or_default();
            page.signed(sign, colour, &format!("{scope}{}{note}", clean::line(&criterion.text)));
        }
        let proof = group.first().map_or(&[][..], |criterion| &criterion.proof);
        let proof: Vec<String> =
            proof.iter().map(|proof| format!("#{} {}", proof.seq, clean::line(&proof.what))).collect();
        if !proof.is_empty() {
            page.quiet(&proof.join(" · "));
        }
    }
}

fn reviews(page: &mut Page, report: &Report) {
    if report.reviews.is_empty() {
        return;
    }
    page.heading("Reviews");
    for review in &report.reviews {
        let subject = review.subtask.as_ref().map_or("the whole", |id| id.as_str());
        let (sign, colour, verdict) = match review.verdict {
            ReviewVerdict::Approve => ("✓", style::GOOD, "approved"),
            ReviewVerdict::RequestChanges => ("↺", style::WAITING, "requested changes to"),
        };
        let text = format!("{} {verdict} {subject}: {}", review.reviewer, clean::line(&review.summary));
        page.signed(sign, colour, &text);
        for comment in &review.comments {
            page.quiet(&format!(
                "{}:{} {}",
                clean::line(&comment.path),
                comment.line,
                clean::line(&comment.body)
            ));
        }
    }
}

fn questions(page: &mut Page, report: &Report) {
    if report.questions.is_empty() {
        return;
    }
    page.heading("Questions and answers");
    for question in &report.questions {
        let text = question.text.lines().next().unwrap_or_default();
        page.line(&format!("{} {} to {}: {}", question.id, question.from, question.to, clean::line(text)));
        let answer = match (&question.answer, &question.by) {
            (Some(answer), Some(by)) => format!("{by}: {}", clean::line(answer)),
            _ => "not answered".to_owned(),
        };
        page.quiet(&answer);
    }
}

fn costs(page: &mut Page, report: &Report) {
    page.heading("Cost and tokens");
    page.text.push_str(&members(report));
    let models: Vec<String> = report
        .models
        .iter()
        .map(|line| format!("{} {}", clean::line(&line.model), line.spent.cost))
        .collect();
    if !models.is_empty() {
        page.line(&style::paint(style::QUIET, &format!("models: {}", models.join(" · "))));
    }
}

/// The table of members.
pub(crate) fn members(report: &Report) -> String {
    let mut rows: Vec<[String; 5]> = Vec::new();
    let numbers = |spent: &squad_engine::report::Spent| {
        [
            format!("{} {}", spent.calls, if spent.calls == 1 { "call " } else { "calls" }),
            format!("{} in", words::tokens(spent.usage.input)),
            format!("{} out", words::tokens(spent.usage.output)),
            spent.cost.to_string(),
        ]
    };
    for member in &report.members {
        let [calls, input, output, cost] = numbers(&member.spent);
        rows.push([
            format!("{} {}", clean::line(member.name.as_str()), member.role.initials()),
            calls,
            input,
            output,
            cost,
        ]);
    }
    let [calls, input, output, cost] = numbers(&report.total);
    rows.push(["all".to_owned(), calls, input, output, cost]);
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    rows.iter()
        .map(|row| {
            let mut text = format!("  {}", clean::pad(&row[0], widths[0]));
            for (cell, width) in row.iter().zip(&widths).skip(1) {
                text.push_str(&format!("  {}{cell}", " ".repeat(width - cell.width())));
            }
            text + "\n"
        })
        .collect()
}

struct Page {
    text: String,
    width: usize,
}

impl Page {
    /// As it is.
    fn raw(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.raw(&format!("\n{}", style::paint(style::STRONG, text)));
    }

    fn line(&mut self, text: &str) {
        self.wrapped("  ", "    ", anstyle::Style::new(), text);
    }

    fn quiet(&mut self, text: &str) {
        self.wrapped("    ", "    ", style::QUIET, text);
    }

    fn row(&mut self, name: &str, text: &str) {
        self.raw(&format!("  {} {text}", clean::pad(name, 8)));
    }

    fn signed(&mut self, sign: &str, colour: anstyle::Style, text: &str) {
        let rows = self.rows("", "    ", &format!("{sign} {text}"));
        let mut rows = rows.into_iter();
        let first = rows.next().unwrap_or_default();
        let rest = first.strip_prefix(sign).unwrap_or(&first);
        self.raw(&format!("  {}{rest}", style::paint(colour, sign)));
        rows.for_each(|row| self.raw(&row));
    }

    fn list(&mut self, heading: &str, items: &[String]) {
        if !items.is_empty() {
            self.heading(heading);
            items
                .iter()
                .for_each(|item| self.wrapped("  - ", "    ", anstyle::Style::new(), &clean::line(item)));
        }
    }

    fn wrapped(&mut self, first: &str, others: &str, style: anstyle::Style, text: &str) {
        for row in self.rows(first, others, text) {
            self.raw(&style::paint(style, &row));
        }
    }

    fn rows(&self, first: &str, others: &str, text: &str) -> Vec<String> {
        let options =
            textwrap::Options::new(self.width.max(40)).initial_indent(first).subsequent_indent(others);
        textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
    }
}
