//! One model call.

use super::Outcome;
use crate::feed::LiveText;
use crate::outside::Models;
use squad_domain::execution::event::Attempt;
use squad_domain::execution::{EventBody, NewEvent};
use squad_domain::ids::{LaneId, MemberName, StepKey};
use squad_domain::model::{ModelRef, Purpose};
use squad_domain::money::MicroUsd;
use squad_llm::{Delta, DeltaSink, FailureKind, ModelRequest};

/// A call that is about to be made: everything about it was decided before the log says that it has begun.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) step: StepKey,
    pub(crate) lane: LaneId,
    pub(crate) member: MemberName,
    pub(crate) purpose: Purpose,
    pub(crate) condense_upto: Option<usize>,
    pub(crate) candidates: Vec<ModelRef>,
    pub(crate) reserved: MicroUsd,
    pub(crate) request: ModelRequest,
}

/// Asks the candidates. A failure of all of them is an outcome, not a fault: the log records it, with its cost.
pub(crate) async fn call(models: Models, call: Call) -> Outcome {
    let live = |text: Option<String>| LiveText {
        execution: models.execution,
        lane: call.lane.clone(),
        member: call.member.clone(),
        text,
    };
    let deltas = if call.purpose == Purpose::Summarize {
        DeltaSink::none()
    } else {
        let feed = models.feed.clone();
        let template = live(None);
        DeltaSink::new(move |delta| {
            let text = match delta {
                Delta::Text(words) => Some(words.to_owned()),
                Delta::Restart => None,
            };
            feed.send(LiveText { text, ..template.clone() });
        })
    };
    let answered =
        models.router.complete(&call.candidates, &call.request, call.reserved, &deltas, &models.cancel).await;
    let lane = call.lane.clone();
    let step = call.step;
    let attempts = |attempts: Vec<squad_llm::Attempt>| attempts.into_iter().map(attempt).collect();
    Ok(match answered {
        Ok(completion) => {
            let summary = completion.reply.text.clone();
            let mut events = vec![NewEvent::member(
                &call.member,
                EventBody::ModelCallFinished {
                    step,
                    lane: lane.clone(),
                    model: completion.model,
                    reply: completion.reply,
                    usage: completion.usage,
                    estimated: completion.usage_estimated,
                    cost: completion.cost,
                    latency_ms: completion.latency_ms,
                    first_token_ms: completion.first_token_ms,
                    attempts: attempts(completion.attempts),
                },
            )];
            if let Some(upto) = call.condense_upto {
                events.push(NewEvent::engine(EventBody::Condensed { lane, upto, summary }));
            }
            events
        }
        Err(failure) => vec![NewEvent::engine(EventBody::ModelCallFailed {
            step,
            lane,
            too_long: failure.kind == FailureKind::ContextTooLong,
            message: failure.message,
            cost: failure.cost,
            attempts: attempts(failure.attempts),
        })],
    })
}

fn attempt(attempt: squad_llm::Attempt) -> Attempt {
    let outcome = if attempt.message.is_empty() { "ok".to_owned() } else { attempt.message };
    Attempt { model: attempt.model, outcome, latency_ms: attempt.latency_ms }
}
