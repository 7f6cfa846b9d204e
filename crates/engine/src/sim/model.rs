//! The models' provider: answers by the script, slowly, and not always.

use super::guard;
use super::process::Process;
use super::script::{self, Assignment};
use async_trait::async_trait;
use squad_domain::conversation::Message;
use squad_domain::model::Usage;
use squad_llm::{DeltaSink, FinishReason, ModelProvider, ModelRequest, ProviderCompletion, ProviderError};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of conversation above which the models of some plots refuse.
const TOO_LONG: usize = 16_000;

pub(super) struct Provider(pub(super) Arc<Process>);

#[async_trait]
impl ModelProvider for Provider {
    async fn complete(
        &self,
        model: &str,
        request: &ModelRequest,
        deltas: &DeltaSink,
    ) -> Result<ProviderCompletion, ProviderError> {
        let world = &self.0.world;
        let asked = Assignment::of(request);
        let (delay, failure) = {
            let mut chaos = guard(&world.chaos);
            let longest = *chaos.random.pick(&[20, 200, 200, 1_500, 15_000]);
            let delay = chaos.millis(1, longest);
            (delay, chaos.strikes(|weather| weather.model).then(|| chaos.random.below(7)))
        };
        tokio::time::sleep(delay / 2).await;
        self.0.passes("while a model answers").await;
        deltas.text("Let me see. ");
        tokio::time::sleep(delay / 2).await;
        self.0.awake().await;
        if let Some(failure) = failure {
            world.say(|| format!("{}: {model} fails {} in way {failure}", self.0.name, asked.duty));
            return Err(fails(failure));
        }
        let bytes = bytes(request);
        if world.plot.too_long && bytes > TOO_LONG && asked.duty == "work" {
            return Err(ProviderError::ContextTooLong { message: format!("{bytes} bytes") });
        }
        let reply = script::reply(&world.plot, &asked);
        let finish = if reply.calls.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls };
        // Four bytes a token: below the bound that was reserved.
        let usage =
            Usage { input: (bytes + request.system.len()) as u64 / 4, output: 40, ..Usage::default() };
        Ok(ProviderCompletion { reply, usage, usage_estimated: false, finish, first_token_ms: None })
    }
}

fn fails(way: u64) -> ProviderError {
    let message = "by chance".to_owned();
    let later = |seconds| Some(Duration::from_secs(seconds));
    match way {
        0 => ProviderError::RateLimited { message, retry_after: later(2) },
        1 => ProviderError::RateLimited { message, retry_after: None },
        2 => ProviderError::Unavailable { message, retry_after: later(7) },
        3 => ProviderError::Timeout { message },
        4 => ProviderError::Truncated { message, received_bytes: 900 },
        5 => ProviderError::Truncated { message, received_bytes: 0 },
        _ => ProviderError::Refused { message },
    }
}

fn bytes(request: &ModelRequest) -> usize {
    let of = |message: &Message| match message {
        Message::User { text } => text.len(),
        Message::Assistant(reply) => reply.text.len() + 60 * reply.calls.len(),
        Message::Tool { content, .. } => content.len(),
    };
    request.messages.iter().map(of).sum()
}
