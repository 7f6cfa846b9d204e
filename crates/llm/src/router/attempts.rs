//! One call: its attempts, one candidate after the other.

use super::quote::WorstCase;
use super::{Attempt, AttemptOutcome, CallFailure, Completion, FailureKind, Router, RouterError, backoff};
use crate::estimate::RequestSize;
use crate::{DeltaSink, FinishReason, ModelRequest, ProviderCompletion, ProviderError};
use squad_domain::model::{ModelRef, Usage};
use squad_domain::money::MicroUsd;
use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A call under way.
pub(super) struct Call<'a> {
    router: &'a Router,
    request: &'a ModelRequest,
    size: RequestSize,
    ceiling: MicroUsd,
    deltas: &'a DeltaSink,
    cancel: &'a CancellationToken,
    attempts: Vec<Attempt>,
    /// What lost attempts may have cost.
    spent: MicroUsd,
    /// The longest wait that was asked for.
    after: Option<Duration>,
}

/// What to do after an attempt.
enum Next {
    Done(Box<Completion>),
    /// Ask the same candidate again after a wait.
    Wait(Duration),
    /// Go on to the next candidate.
    GiveUp,
    Cancelled,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        router: &'a Router,
        request: &'a ModelRequest,
        ceiling: MicroUsd,
        deltas: &'a DeltaSink,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self {
            router,
            request,
            size: RequestSize::of(request),
            ceiling,
            deltas,
            cancel,
            attempts: Vec::new(),
            spent: MicroUsd::ZERO,
            after: None,
        }
    }

    pub(super) async fn run(mut self, candidates: &[ModelRef]) -> Result<Completion, CallFailure> {
        for _ in 0..self.router.options.attempts.max(1) {
            let before = self.attempts.len();
            for (position, model) in candidates.iter().enumerate() {
                let last = position + 1 == candidates.len();
                for failures in 1..=self.router.options.attempts.max(1) {
                    match self.attempt(model, failures, last).await {
                        Next::Done(completion) => return Ok(*completion),
                        Next::GiveUp => break,
                        Next::Cancelled => return Err(self.failure(Some(FailureKind::Cancelled))),
                        Next::Wait(wait) => self.wait(wait).await?,
                    }
                }
            }
            // Nobody was even asked: whoever calls now, perhaps a person who mended the server, waits until one may be.
            let nobody = !candidates.is_empty()
                && self.attempts[before..].iter().all(|attempt| attempt.outcome == AttemptOutcome::LeftAlone);
            let Some(left_alone) = self.after.filter(|_| nobody) else { break };
            self.wait(left_alone).await?;
        }
        Err(self.failure(None))
    }

    async fn wait(&mut self, wait: Duration) -> Result<(), CallFailure> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(self.failure(Some(FailureKind::Cancelled))),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    async fn attempt(&mut self, model: &ModelRef, failures: u32, last_candidate: bool) -> Next {
        if self.cancel.is_cancelled() {
            return Next::Cancelled;
        }
        let Some(worst) =
            WorstCase::of(&self.router.prices, model, self.size, self.request.max_output_tokens)
        else {
            let error = RouterError::UnknownPrice { model: model.clone() };
            return self.skip(model, AttemptOutcome::BadRequest, error.to_string());
        };
        if worst.too_long {
            let message = format!(
                "`{model}` cannot read a conversation of about {} tokens",
                self.size.estimated_tokens()
            );
            return self.skip(model, AttemptOutcome::ContextTooLong, message);
        }
        let left = self.ceiling.saturating_sub(self.spent);
        // Before anything was lost, the whole worst case has to fit: that is what was reserved.
        let output = if self.spent == MicroUsd::ZERO {
            (worst.cost(worst.max_output) <= left).then_some(worst.max_output)
        } else {
            worst.affordable(left)
        };
        let Some(max_output_tokens) = output else {
            let message = format!("its worst case is {}, and {left} is left", worst.cost(worst.max_output));
            return self.skip(model, AttemptOutcome::TooDear, message);
        };
        let provider = match self.router.provider(&model.provider) {
            Ok(provider) => provider,
            Err(error) => return self.skip(model, AttemptOutcome::Refused, error.to_string()),
        };
        if let Err(remaining) = self.router.breakers.admit(model) {
            self.after = Some(self.after.map_or(remaining, |after| after.min(remaining)));
            let message = format!("it failed too often; it is tried again in {} s", remaining.as_secs() + 1);
            return self.skip(model, AttemptOutcome::LeftAlone, message);
        }
        // Most often nothing has to be changed, and a conversation is long.
        let request = if max_output_tokens == self.request.max_output_tokens {
            Cow::Borrowed(self.request)
        } else {
            Cow::Owned(ModelRequest { max_output_tokens, ..self.request.clone() })
        };
        let (deltas, heard) = self.deltas.attempt();
        let started = Instant::now();
        let answered = tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            answered = provider.complete(&model.model, &request, &deltas) => Some(answered),
        };
        let heard = heard.load(Ordering::Relaxed);
        if !matches!(answered, Some(Ok(_))) && heard > 0 {
            self.deltas.restart();
        }
        let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match answered {
            None => {
                let cost = self.lost(model, heard);
                self.record(model, AttemptOutcome::Cancelled, String::new(), latency_ms, cost);
                Next::Cancelled
            }
            Some(Ok(completion)) if completion.finish == FinishReason::ContentFilter => {
                self.withheld(model, &completion, latency_ms, heard)
            }
            Some(Ok(completion)) => Next::Done(Box::new(self.answered(model, completion, latency_ms))),
            Some(Err(error)) => self.failed(model, &error, latency_ms, failures, last_candidate),
        }
    }

    fn answered(&mut self, model: &ModelRef, answer: ProviderCompletion, latency_ms: u64) -> Completion {
        self.router.breakers.succeeded(model);
        let cost = self.cost(model, &answer.usage);
        self.record(model, AttemptOutcome::Answered, String::new(), latency_ms, cost);
        Completion {
            reply: answer.reply,
            usage: answer.usage,
            usage_estimated: answer.usage_estimated,
            cost: self.spent + cost,
            model: model.clone(),
            attempts: std::mem::take(&mut self.attempts),
            latency_ms,
            first_token_ms: answer.first_token_ms,
            finish: answer.finish,
        }
    }

    /// What a filter left of an answer is none: nothing of it is performed. It is paid for all the same.
    fn withheld(
        &mut self,
        model: &ModelRef,
        answer: &ProviderCompletion,
        latency_ms: u64,
        heard: usize,
    ) -> Next {
        if heard > 0 {
            self.deltas.restart();
        }
        self.router.breakers.succeeded(model);
        let cost = self.cost(model, &answer.usage);
        self.spent += cost;
        let message = "the provider's content filter withheld the answer".to_owned();
        self.record(model, AttemptOutcome::Withheld, message, latency_ms, cost);
        Next::GiveUp
    }

    fn failed(
        &mut self,
        model: &ModelRef,
        error: &ProviderError,
        latency_ms: u64,
        failures: u32,
        last_candidate: bool,
    ) -> Next {
        let cost = match error {
            ProviderError::Truncated { received_bytes, .. } if *received_bytes > 0 => {
                self.lost(model, *received_bytes)
            }
            _ => MicroUsd::ZERO,
        };
        self.record(model, error.into(), error.to_string(), latency_ms, cost);
        tracing::warn!(%model, %error, failures, "a model call failed");
        if !error.is_retryable() {
            self.router.breakers.succeeded(model);
            return Next::GiveUp;
        }
        let opened = if matches!(error, ProviderError::RateLimited { .. }) {
            // It answered: it is well.
            self.router.breakers.succeeded(model);
            false
        } else {
            self.router.breakers.failed(model)
        };
        let options = &self.router.options;
        let asked = error.retry_after();
        self.after = self.after.max(asked);
        let too_long = asked.is_some_and(|asked| asked > options.longest_wait);
        if opened || failures >= options.attempts.max(1) || (too_long && !last_candidate) {
            return Next::GiveUp;
        }
        Next::Wait(backoff::wait(failures, asked, options.first_wait, options.longest_wait))
    }

    /// What an attempt that began and came to nothing may cost: providers bill what they read and wrote, whether or not it
    /// arrived.
    fn lost(&mut self, model: &ModelRef, received_bytes: usize) -> MicroUsd {
        let output = (received_bytes as u64).div_ceil(4);
        let usage = Usage { input: self.size.estimated_tokens(), output, ..Usage::default() };
        let cost = self.cost(model, &usage);
        self.spent += cost;
        cost
    }

    fn cost(&self, model: &ModelRef, usage: &Usage) -> MicroUsd {
        self.router.prices.price_for(model, usage.input).map_or(MicroUsd::ZERO, |price| price.cost(usage))
    }

    fn skip(&mut self, model: &ModelRef, outcome: AttemptOutcome, message: String) -> Next {
        self.record(model, outcome, message, 0, MicroUsd::ZERO);
        Next::GiveUp
    }

    fn record(
        &mut self,
        model: &ModelRef,
        outcome: AttemptOutcome,
        message: String,
        latency_ms: u64,
        cost: MicroUsd,
    ) {
        self.attempts.push(Attempt { model: model.clone(), outcome, message, latency_ms, cost });
    }

    fn failure(&mut self, known: Option<FailureKind>) -> CallFailure {
        use AttemptOutcome as O;
        let any = |outcomes: &[O]| self.attempts.iter().any(|attempt| outcomes.contains(&attempt.outcome));
        // What time heals comes first: a wrong key of the fall-back does not matter if the first model is back tomorrow.
        let kind = known.unwrap_or_else(|| {
            if any(&[O::RateLimited, O::Unavailable, O::Timeout, O::Unreachable, O::Truncated, O::LeftAlone])
            {
                FailureKind::RetryLater { after: self.after }
            } else if any(&[O::ContextTooLong]) {
                FailureKind::ContextTooLong
            } else if any(&[O::TooDear]) {
                FailureKind::CeilingTooLow
            } else {
                FailureKind::NeedsPerson
            }
        });
        let message = message(&self.attempts, kind);
        CallFailure { attempts: std::mem::take(&mut self.attempts), cost: self.spent, kind, message }
    }
}

/// The last word of every candidate, and what to do.
fn message(attempts: &[Attempt], kind: FailureKind) -> String {
    if attempts.is_empty() && kind != FailureKind::Cancelled {
        return RouterError::NoCandidates.to_string();
    }
    let mut last: Vec<&Attempt> = Vec::new();
    for attempt in attempts {
        // Why it was not asked once more says less than why it had failed.
        let asked = !matches!(attempt.outcome, AttemptOutcome::TooDear | AttemptOutcome::LeftAlone);
        if !asked && last.iter().any(|earlier| earlier.model == attempt.model) {
            continue;
        }
        last.retain(|earlier| earlier.model != attempt.model);
        last.push(attempt);
    }
    let words: Vec<String> = last
        .iter()
        .filter(|attempt| !attempt.message.is_empty())
        .map(|attempt| format!("`{}`: {}", attempt.model, attempt.message))
        .collect();
    let advice = match kind {
        FailureKind::Cancelled => return "the model call was cancelled".to_owned(),
        FailureKind::RetryLater { .. }
            if last.iter().all(|attempt| attempt.outcome == AttemptOutcome::Unreachable) =>
        {
            "check that the server runs and that its address is right, then resume"
        }
        FailureKind::RetryLater { .. } => "it is worth trying again later, or with another model",
        FailureKind::NeedsPerson
            if last.iter().any(|attempt| attempt.outcome == AttemptOutcome::Withheld) =>
        {
            "choose another model, or say with a remark how to go on"
        }
        FailureKind::NeedsPerson => {
            "check the key, the model's name and the provider's account, or choose another model"
        }
        FailureKind::ContextTooLong => "condense the conversation, or choose a model that reads more",
        FailureKind::CeilingTooLow => "raise the budget, or choose a cheaper model",
    };
    format!("no model answered: {}; {advice}", words.join("; "))
}
