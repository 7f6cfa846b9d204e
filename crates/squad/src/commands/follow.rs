//! Drives or watches one execution, shows it, asks in place, and ends with the report and the exit status.

use super::screen::Screen;
use super::{reports, scripted};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::question::{self, Asked};
use crate::output::{self, clean, json, report, show};
use squad_domain::execution::{Event, ExecutionState, Status};
use squad_domain::ids::{ExecutionId, QuestionId};
use squad_domain::question::Question;
use squad_engine::report::Report;
use squad_engine::{DriveEnd, DriveOptions, Engine, EngineError, Input};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

/// How often what is not an event is drawn.
const TICK: Duration = Duration::from_millis(200);
/// Times that reading the log is tried again, and the pause before each: longer than a driver waits.
const READ_TRIES: u32 = 240;
const READ_PAUSE: Duration = Duration::from_millis(250);
/// Events that are read ahead of the screen.
const AHEAD: usize = 256;

type Driving = JoinHandle<Result<DriveEnd, EngineError>>;

/// Drives an execution in this process and shows it, from where the log stands: what happened before is followed, not
/// shown again. While another worker has it, it is watched; where that worker goes, it is taken up.
///
/// # Errors
/// Where it cannot be driven.
pub(super) async fn drive(context: &Context, engine: &Engine, id: ExecutionId) -> Result<Exit, CliError> {
    // From here on an interrupt hands over; before, there is nothing to hand over.
    let interrupted = interrupts()?;
    let (state, _) = engine.load(id).await?;
    if let Some(lease) = engine.storage().execution(id).await?.and_then(|row| row.lease)
        && lease.until > engine.clock().now()
    {
        output::remark(&format!(
            "worker {} has this execution; if it is gone, its lease ends within seconds",
            clean::line(&lease.owner)
        ));
    }
    let _model = scripted::again(&state.spec).await?;
    let options = DriveOptions { stop: CancellationToken::new(), stay: context.is_interactive() };
    let driving = begin(engine, id, &options);
    // An execution that has just been asked for is shown from its first event. Programs always get the whole log: they
    // can tell by `seq` what they have, and cannot know what a killed run did not print any more.
    let shown_before = if state.seq == 1 || context.json { 0 } else { state.seq };
    follow(context, engine, id, Some(Drive { driving, options }), interrupted, shown_before).await
}

fn begin(engine: &Engine, id: ExecutionId, options: &DriveOptions) -> Driving {
    let (engine, options) = (engine.clone(), options.clone());
    tokio::spawn(async move { engine.drive(id, &options).await })
}

/// Watches an execution that others drive, until it ends.
///
/// # Errors
/// Where it cannot be read.
pub(super) async fn watch(
    context: &Context,
    engine: &Engine,
    id: ExecutionId,
    shown_before: u64,
) -> Result<Exit, CliError> {
    follow(context, engine, id, None, interrupts()?, shown_before).await
}

/// Leaves an execution that was just asked for to the workers of the database.
///
/// # Errors
/// Where it cannot be read.
pub(super) async fn leave(context: &Context, desk: &Engine, id: ExecutionId) -> Result<Exit, CliError> {
    if context.json {
        let (state, events) = desk.load(id).await?;
        output::print(&json::result(&Report::build(id, &state, &events)));
    } else {
        let short = id.short();
        output::print(&format!(
            "execution {id} waits for a worker\n\
             work on it: squad worker, or squad resume {short}\n\
             follow it:  squad watch {short}\n"
        ));
    }
    Ok(Exit::Completed)
}

struct Drive {
    driving: Driving,
    options: DriveOptions,
}

async fn follow(
    context: &Context,
    engine: &Engine,
    id: ExecutionId,
    mut drive: Option<Drive>,
    mut interrupted: mpsc::Receiver<()>,
    shown_before: u64,
) -> Result<Exit, CliError> {
    let mut screen = Screen::new(context);
    let mut events = pump(engine.clone(), id);
    let mut words = engine.live_text();
    let mut words_open = true;
    let mut tick = tokio::time::interval(TICK);
    let mut asked = AskedSoFar::default();
    let mut stopping = false;
    let mut told = String::new();
    let ended = loop {
        tokio::select! {
            event = events.recv() => {
                let Some(event) = event else { break Ok(()) };
                let event = event.map_err(|error| stopped(id, error))?;
                screen.event(&event, event.seq <= shown_before)?;
                if screen.state().is_some_and(|state| state.status.is_terminal()) && drive.is_none() {
                    break Ok(());
                }
                if let Some(drive) = drive.as_ref().filter(|drive| drive.options.stay && !stopping) {
                    // Only when nothing is left to read is the screen's state the log's.
                    if events.is_empty() {
                        ask_what_is_open(context, engine, id, &screen, &mut asked).await;
                    }
                    if nothing_left(&screen, &asked) {
                        stopping = true;
                        drive.options.stop.cancel();
                    }
                }
            }
            done = driven(&mut drive) => {
                let taken = match done.expect("the driver does not panic") {
                    Ok(_) => break Ok(()),
                    Err(EngineError::Held { worker, .. }) => {
                        format!("worker {} has this execution", clean::line(&worker))
                    }
                    Err(error @ EngineError::LeaseLost(_)) => error.to_string(),
                    Err(error) => break Err(stopped(id, error)),
                };
                if told != taken {
                    output::remark(&format!("{taken}; watching it, and taking it up if that worker is gone"));
                    told = taken;
                }
                if let Some(drive) = &mut drive {
                    drive.driving = begin(engine, id, &drive.options);
                }
            }
            text = words.recv(), if words_open => match text {
                Ok(text) if text.execution == id => screen.words(&text),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => words_open = false,
            },
            _ = tick.tick() => screen.tick(),
            Some(()) = interrupted.recv() => match &drive {
                Some(drive) if !stopping => {
                    stopping = true;
                    drive.options.stop.cancel();
                    output::remark("stopping after what cannot be interrupted; once more to leave at once");
                }
                _ => break Ok(()),
            }
        }
    };
    if ended.is_err() {
        // The database, which would tell more, may be what is wrong.
        screen.end();
        return ended.map(|()| Exit::Failed);
    }
    // What was appended last may not have been shown yet.
    let (state, all) = engine.load(id).await?;
    let seen = screen.state().map_or(0, |state| state.seq);
    for event in all.iter().filter(|event| event.seq > seen) {
        screen.event(event, event.seq <= shown_before)?;
    }
    screen.end();
    let lease = engine.storage().execution(id).await?.and_then(|row| row.lease);
    let elsewhere =
        lease.is_some_and(|lease| lease.until > engine.clock().now() && lease.owner != engine.worker());
    finish(context, id, &state, &all, elsewhere)
}

/// Why an execution is not followed any more; how to go on where the database is the reason.
fn stopped(id: ExecutionId, error: EngineError) -> CliError {
    match error {
        source @ EngineError::Storage(_) => CliError::Stopped { id, source },
        other => other.into(),
    }
}

/// How driving ended; never where nothing is driven here.
async fn driven(drive: &mut Option<Drive>) -> Result<Result<DriveEnd, EngineError>, JoinError> {
    match drive {
        Some(drive) => (&mut drive.driving).await,
        None => std::future::pending().await,
    }
}

/// The report, or how to go on.
fn finish(
    context: &Context,
    id: ExecutionId,
    state: &ExecutionState,
    events: &[Event],
    elsewhere: bool,
) -> Result<Exit, CliError> {
    let built = Report::build(id, state, events);
    let saved = if state.status.is_terminal() { Some(reports::save(context, &built)?) } else { None };
    let go_on = show::how_to_go_on(state, events, id, elsewhere);
    if context.json {
        output::print(&json::result(&built));
        if !go_on.is_empty() {
            output::remark(go_on.trim_end());
        }
    } else if let Some((markdown, json)) = saved {
        output::print(&report::render(&built, output::width()));
        output::print(&format!("\nreport: {}\n        {}\n", markdown.display(), json.display()));
    } else {
        output::print(&format!("\n{go_on}"));
    }
    Ok(Exit::of(state.status))
}

/// The log from its beginning, and on.
fn pump(engine: Engine, id: ExecutionId) -> mpsc::Receiver<Result<Event, EngineError>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let mut seq = 0;
        let mut tries = 0;
        loop {
            let page = tokio::select! {
                page = engine.events_after(id, seq) => page,
                () = sender.closed() => return,
            };
            let page = match page {
                Ok(page) => {
                    tries = 0;
                    page
                }
                // A database that is away for a moment is no reason to end; the driver, too, waits for it.
                Err(EngineError::Storage(_)) if tries < READ_TRIES => {
                    tries += 1;
                    tokio::time::sleep(READ_PAUSE).await;
                    continue;
                }
                Err(error) => {
                    // Whoever waits for it may be gone.
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            };
            for event in page {
                seq = event.seq;
                if sender.send(Ok(event)).await.is_err() {
                    return;
                }
            }
        }
    });
    receiver
}

/// One message for each time that a person or the system asks this process to end.
pub(crate) fn interrupts() -> Result<mpsc::Receiver<()>, CliError> {
    let (sender, receiver) = mpsc::channel(4);
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let mut signals = signal(kind).map_err(|source| CliError::File {
            action: "listen for",
            path: "signals".into(),
            source,
        })?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if sender.send(()).await.is_err() {
                    return;
                }
            }
        });
    }
    Ok(receiver)
}

/// Questions that are not asked again.
#[derive(Default)]
struct AskedSoFar {
    /// Answered here; the log may not say so yet.
    answered: BTreeSet<QuestionId>,
    /// Left for later by the person.
    later: BTreeSet<QuestionId>,
}

fn open_question(screen: &Screen, asked: &AskedSoFar) -> Option<Question> {
    let state = screen.state().filter(|state| !state.status.is_terminal())?;
    let new =
        |question: &&Question| !asked.answered.contains(&question.id) && !asked.later.contains(&question.id);
    state.open_questions().filter(|question| question.waits_for_person()).find(new).cloned()
}

/// Whether it stands still for questions that the person left for later.
fn nothing_left(screen: &Screen, asked: &AskedSoFar) -> bool {
    let Some(state) = screen.state().filter(|state| state.status == Status::Blocked) else { return false };
    let mut open = state.open_questions().filter(|question| question.waits_for_person()).peekable();
    open.peek().is_some() && open.all(|question| asked.later.contains(&question.id))
}

/// Asks in place, one question after the other. Blocks this task on purpose: while a person reads, nothing else is
/// drawn; the driver goes on.
async fn ask_what_is_open(
    context: &Context,
    engine: &Engine,
    id: ExecutionId,
    screen: &Screen,
    asked: &mut AskedSoFar,
) {
    while let (Some(question), Some(state)) = (open_question(screen, asked), screen.state()) {
        let reply = tokio::task::block_in_place(|| screen.suspend(|| question::ask(state, &question)));
        let Asked::Answer(answer) = reply else {
            asked.later.insert(question.id);
            continue;
        };
        asked.answered.insert(question.id.clone());
        let input = Input::Answer { question: question.id, answer };
        if let Err(error) = engine.input(id, &context.person, input).await {
            // Somebody else was faster, from a second terminal.
            output::remark(&error.to_string());
        }
    }
}
