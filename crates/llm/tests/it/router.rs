//! The router, with providers that fail as they are told, and once over a real wire.

use crate::support::{Answer, Server, openai_stream, recorder, said};
use async_trait::async_trait;
use serde_json::json;
use squad_domain::conversation::Reply;
use squad_domain::model::{ModelRef, ModelSettings, Price, ProviderEndpoint, RoutingProfile, Usage};
use squad_domain::money::MicroUsd;
use squad_llm::{
    AttemptOutcome as Outcome, CallFailure, Completion, DeltaSink, FailureKind, FinishReason, ModelProvider,
    ModelRequest, ProviderCompletion, ProviderError, Router, RouterError, RouterOptions,
};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Answers from a list; `None` waits for ever.
/// What the model does next; `None`: it never answers.
type Planned = Option<Result<FinishReason, ProviderError>>;

#[derive(Default)]
struct Fake {
    answers: Mutex<VecDeque<Planned>>,
    asked: Mutex<Vec<(String, u32)>>,
}

#[async_trait]
impl ModelProvider for Fake {
    async fn complete(
        &self,
        model: &str,
        request: &ModelRequest,
        deltas: &DeltaSink,
    ) -> Result<ProviderCompletion, ProviderError> {
        self.asked.lock().unwrap().push((model.to_owned(), request.max_output_tokens));
        deltas.text(model);
        let next = self.answers.lock().unwrap().pop_front().unwrap_or(Some(Ok(FinishReason::Stop)));
        match next {
            None => std::future::pending().await,
            Some(Err(error)) => Err(error),
            Some(Ok(finish)) => Ok(ProviderCompletion {
                reply: Reply { text: format!("{model} speaks"), calls: Vec::new() },
                usage: Usage { input: 1000, cached_input: 400, cache_write: 100, output: 100, reasoning: 0 },
                usage_estimated: false,
                finish,
                first_token_ms: Some(1),
            }),
        }
    }
}

struct House {
    router: Router,
    fake: Arc<Fake>,
}

fn usd(text: &str) -> MicroUsd {
    text.parse().unwrap()
}

fn model(name: &str) -> ModelRef {
    format!("fake/{name}").parse().unwrap()
}

/// A house with the models `fake/a` (1/2 dollars, cache write dearer) and `fake/b` (10/20).
fn house(answers: Vec<Planned>) -> House {
    let cheap = Price {
        input: usd("1"),
        output: usd("2"),
        cached_input: Some(usd("0.1")),
        cache_write: Some(usd("1.25")),
    };
    let dear = Price { input: usd("10"), output: usd("20"), cached_input: None, cache_write: None };
    let prices = BTreeMap::from([(model("a"), cheap), (model("b"), dear)]);
    let settings = ModelSettings { prices, ..ModelSettings::default() };
    let fake = Arc::new(Fake { answers: Mutex::new(answers.into()), ..Fake::default() });
    let provider: Arc<dyn ModelProvider> = fake.clone();
    let options = RouterOptions { breaker_failures: 4, ..RouterOptions::default() };
    House {
        router: Router::with_providers(&settings, HashMap::from([("fake".to_owned(), provider)]), options),
        fake,
    }
}

impl House {
    async fn ask(&self, candidates: &[&str]) -> Result<Completion, CallFailure> {
        self.ask_up_to(candidates, usd("100")).await
    }

    async fn ask_up_to(&self, candidates: &[&str], ceiling: MicroUsd) -> Result<Completion, CallFailure> {
        let candidates: Vec<ModelRef> = candidates.iter().map(|name| model(name)).collect();
        let cancel = CancellationToken::new();
        self.router.complete(&candidates, &said("hi"), ceiling, &DeltaSink::none(), &cancel).await
    }

    fn asked(&self) -> Vec<String> {
        self.fake.asked.lock().unwrap().iter().map(|(model, _)| model.clone()).collect()
    }
}

fn limited(seconds: Option<u64>) -> Planned {
    let retry_after = seconds.map(Duration::from_secs);
    Some(Err(ProviderError::RateLimited { message: "slow down".into(), retry_after }))
}

fn down() -> Planned {
    Some(Err(ProviderError::Unavailable { message: "boom".into(), retry_after: None }))
}

fn refused() -> Planned {
    Some(Err(ProviderError::Refused { message: "wrong key".into() }))
}

fn broken_off(received_bytes: usize) -> Planned {
    Some(Err(ProviderError::Truncated { message: "gone".into(), received_bytes }))
}

fn outcomes(attempts: &[squad_llm::Attempt]) -> Vec<Outcome> {
    attempts.iter().map(|attempt| attempt.outcome).collect()
}

#[tokio::test(start_paused = true)]
async fn what_time_heals_is_retried_as_long_as_the_provider_asks() {
    let house = house(vec![limited(Some(7)), down()]);
    let started = Instant::now();
    let done = house.ask(&["a", "b"]).await.unwrap();
    assert_eq!(outcomes(&done.attempts), [Outcome::RateLimited, Outcome::Unavailable, Outcome::Answered]);
    assert_eq!(done.model, model("a"));
    assert!(started.elapsed() >= Duration::from_secs(7), "virtual time");
    assert_eq!(done.cost, usd("0.000865"), "500 plain, 400 cached, 100 written, 100 out");
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded_and_then_the_next_candidate_is_asked() {
    let house = house(vec![down(), down(), down()]);
    let done = house.ask(&["a", "b"]).await.unwrap();
    assert_eq!(done.model, model("b"));
    assert_eq!(house.asked(), ["a", "a", "a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_very_long_wait_goes_to_the_next_candidate_at_once_and_is_capped_at_the_last() {
    let house_of_two = house(vec![limited(Some(3600))]);
    let started = Instant::now();
    assert_eq!(house_of_two.ask(&["a", "b"]).await.unwrap().model, model("b"));
    assert_eq!(started.elapsed(), Duration::ZERO, "virtual time");
    let house_of_one = house(vec![limited(Some(3600))]);
    house_of_one.ask(&["a"]).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(60), "virtual time");
}

#[tokio::test(start_paused = true)]
async fn what_time_does_not_heal_moves_on_at_once_and_ends_with_a_person() {
    let house =
        house(vec![refused(), Some(Err(ProviderError::BadRequest { message: "no such model".into() }))]);
    let failure = house.ask(&["a", "b"]).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NeedsPerson);
    assert_eq!(house.asked(), ["a", "b"]);
    for words in ["`fake/a`: ", "wrong key", "`fake/b`: ", "no such model", "check the key"] {
        assert!(failure.message.contains(words), "{words}: {failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn if_any_candidate_may_come_back_it_is_worth_trying_later() {
    let house = house(vec![refused(), limited(Some(5)), limited(Some(5)), limited(Some(5))]);
    let failure = house.ask(&["a", "b"]).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::RetryLater { after: Some(Duration::from_secs(5)) });
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_is_too_long_asks_to_be_condensed() {
    let too_long = Some(Err(ProviderError::ContextTooLong { message: "too long".into() }));
    assert_eq!(house(vec![too_long]).ask(&["a"]).await.unwrap_err().kind, FailureKind::ContextTooLong);
    // Known from the table, without asking anyone.
    let house = house(Vec::new());
    let mut request = said("hi");
    request.system = "word ".repeat(200_000);
    let candidates = ["groq/openai/gpt-oss-20b".parse().unwrap()];
    let cancel = CancellationToken::new();
    let failure = house
        .router
        .complete(&candidates, &request, usd("100"), &DeltaSink::none(), &cancel)
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::ContextTooLong);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_fails_again_and_again_is_left_alone_for_a_while() {
    let house = house((0..4).map(|_| down()).collect());
    house.ask(&["a"]).await.unwrap_err();
    let opened = house.ask(&["a"]).await.unwrap_err();
    assert_eq!(
        outcomes(&opened.attempts),
        [Outcome::Unavailable],
        "the fourth failure in a row opens the circuit"
    );
    assert_eq!(house.ask(&["a", "b"]).await.unwrap().model, model("b"), "others are asked meanwhile");
    assert_eq!(house.asked().len(), 5);
    let since = Instant::now();
    let back = house.ask(&["a"]).await.expect("who has nobody else waits until it may be asked");
    assert_eq!(outcomes(&back.attempts), [Outcome::LeftAlone, Outcome::Answered]);
    assert_eq!(since.elapsed(), Duration::from_secs(30), "virtual time");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_stays_down_is_waited_for_a_bounded_number_of_times() {
    let house = house((0..40).map(|_| down()).collect());
    house.ask(&["a"]).await.unwrap_err();
    house.ask(&["a"]).await.unwrap_err();
    let failure = house.ask(&["a"]).await.unwrap_err();
    assert_eq!(outcomes(&failure.attempts), [Outcome::LeftAlone, Outcome::Unavailable]);
    assert!(matches!(failure.kind, FailureKind::RetryLater { .. }));
}

#[tokio::test(start_paused = true)]
async fn what_a_filter_left_of_an_answer_is_none_and_a_person_is_told() {
    let filtered = || Some(Ok(FinishReason::ContentFilter));
    let two = house(vec![filtered(), Some(Ok(FinishReason::Stop))]);
    let (sink, heard) = recorder();
    let cancel = CancellationToken::new();
    let both = [model("a"), model("b")];
    let done = two.router.complete(&both, &said("hi"), usd("100"), &sink, &cancel).await.unwrap();
    assert_eq!(outcomes(&done.attempts), [Outcome::Withheld, Outcome::Answered]);
    assert_eq!(done.cost, done.attempts.iter().map(|attempt| attempt.cost).sum(), "both are paid for");
    assert_eq!(*heard.lock().unwrap(), "a|b");
    let one = house(vec![filtered()]);
    let failure = one.ask(&["a"]).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NeedsPerson);
    assert!(
        failure.message.contains("content filter") && failure.message.contains("another model"),
        "{failure}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_no_sign_of_illness() {
    let mut answers: Vec<_> = (0..4).map(|_| down()).collect();
    answers.extend([limited(Some(1)), limited(Some(1))]);
    let house = house(answers);
    house.ask(&["a"]).await.unwrap_err();
    house.ask(&["a"]).await.unwrap_err();
    tokio::time::advance(Duration::from_secs(31)).await;
    let done = house.ask(&["a"]).await.unwrap();
    assert_eq!(outcomes(&done.attempts), [Outcome::RateLimited, Outcome::RateLimited, Outcome::Answered]);
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_a_call_and_a_wait_at_once() {
    for answers in [vec![None], vec![limited(Some(50))]] {
        let house = house(answers);
        let cancel = CancellationToken::new();
        let (candidates, request, deltas) = ([model("a")], said("hi"), DeltaSink::none());
        let started = Instant::now();
        let call = house.router.complete(&candidates, &request, usd("100"), &deltas, &cancel);
        let stop = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            cancel.cancel();
        };
        let (failure, ()) = tokio::join!(call, stop);
        let failure = failure.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Cancelled);
        let cut = failure.attempts[0].outcome == Outcome::Cancelled;
        assert_eq!(failure.cost > MicroUsd::ZERO, cut, "what was read before the cut is billed");
        assert_eq!(started.elapsed(), Duration::from_secs(1), "virtual time");
    }
}

#[tokio::test(start_paused = true)]
async fn the_words_of_two_attempts_are_never_mixed() {
    let house = house(vec![broken_off(40)]);
    let (sink, heard) = recorder();
    let cancel = CancellationToken::new();
    let done = house.router.complete(&[model("a")], &said("hi"), usd("100"), &sink, &cancel).await.unwrap();
    assert_eq!(done.reply.text, "a speaks");
    assert_eq!(*heard.lock().unwrap(), "a|a", "watchers are told to forget the first attempt");
}

#[tokio::test]
async fn the_quote_is_what_every_candidate_costs_at_worst() {
    let house = house(Vec::new());
    let request = said("hi");
    let quote = house.router.quote(&[model("a"), model("b")], &request).unwrap();
    assert_eq!(quote.worst, quote.candidates[1].1);
    assert_eq!(quote.first(), quote.candidates[0].1);
    let input = squad_llm::upper_bound_tokens(&request);
    let expected = (input * 1_250_000).div_ceil(1_000_000) + 2 * 1000;
    assert_eq!(
        quote.first(),
        MicroUsd::from_micros(expected),
        "input at the dearest of plain and cache write"
    );
    assert_eq!(quote.within(quote.first()).collect::<Vec<_>>(), [&model("a")]);
}

#[tokio::test]
async fn an_unknown_price_is_an_error_that_says_how_to_give_one() {
    let house = house(Vec::new());
    let error = house.router.quote(&[model("c")], &said("hi")).unwrap_err();
    assert_eq!(error, RouterError::UnknownPrice { model: model("c") });
    assert!(
        error.to_string().contains("`--price <input>/<output>`") && error.to_string().contains("`0/0`"),
        "{error}"
    );
    assert_eq!(house.router.quote(&[], &said("hi")).unwrap_err(), RouterError::NoCandidates);
    assert_eq!(house.ask(&["c"]).await.unwrap_err().kind, FailureKind::NeedsPerson, "never silently free");
    assert!(house.asked().is_empty());
    assert!(house.ask(&[]).await.unwrap_err().message.contains("`--model <provider/model>`"));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_whose_worst_case_is_above_the_ceiling() {
    let house = house(Vec::new());
    let quote = house.router.quote(&[model("b"), model("a")], &said("hi")).unwrap();
    let cheap = quote.candidates[1].1;
    let done = house.ask_up_to(&["b", "a"], cheap).await.unwrap();
    assert_eq!(outcomes(&done.attempts), [Outcome::TooDear, Outcome::Answered]);
    assert!(done.cost <= cheap);
    let below = cheap.saturating_sub(MicroUsd::from_micros(1));
    let failure = house.ask_up_to(&["b", "a"], below).await.unwrap_err();
    assert_eq!((failure.kind, failure.cost), (FailureKind::CeilingTooLow, MicroUsd::ZERO));
    assert_eq!(house.asked(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn lost_attempts_are_paid_for_and_never_push_a_call_over_its_ceiling() {
    let first = house(vec![broken_off(400)]);
    let ceiling = first.router.quote(&[model("a")], &said("hi")).unwrap().worst;
    let done = first.ask_up_to(&["a"], ceiling).await.unwrap();
    let lost = done.attempts[0].cost;
    assert!(lost > MicroUsd::ZERO && done.cost == lost + done.attempts[1].cost);
    let asked: Vec<u32> = first.fake.asked.lock().unwrap().iter().map(|(_, output)| *output).collect();
    assert!(asked[0] == 1000 && asked[1] < 1000, "the second attempt may say as much as is left: {asked:?}");
    let dear = house(vec![broken_off(3_000_000)]);
    let failure = dear.ask_up_to(&["a"], ceiling).await.unwrap_err();
    assert_eq!(
        outcomes(&failure.attempts),
        [Outcome::Truncated, Outcome::TooDear],
        "nothing is left for another"
    );
    assert!(failure.cost > MicroUsd::ZERO);
}

#[tokio::test]
async fn a_missing_key_is_told_before_anything_starts_unless_another_model_can_stand_in() {
    let claude: ModelRef = "anthropic/claude-sonnet-4-5".parse().unwrap();
    let settings = |profile| ModelSettings { profile, ..ModelSettings::default() };
    let none = |_: &str| None;
    let error = Router::new(&settings(RoutingProfile::single(claude.clone())), none).unwrap_err();
    assert!(error.to_string().contains("`ANTHROPIC_API_KEY`"), "{error}");
    let with_local =
        RoutingProfile { default: vec![claude, "ollama/x".parse().unwrap()], ..RoutingProfile::default() };
    Router::new(&settings(with_local), none).unwrap();
}

#[tokio::test]
async fn a_whole_call_over_the_wire() {
    let busy = json!({"error": {"message": "busy"}});
    let server = Server::start(vec![
        Answer::json_with(429, &busy, &[("retry-after", "0")]),
        Answer::Events(openai_stream(&[json!({"content": "Hello."})], "stop")),
    ])
    .await;
    let local: ModelRef = "openai-compatible/local".parse().unwrap();
    let endpoint = ProviderEndpoint { base_url: Some(server.url.clone()), api_key_env: None };
    let price =
        Price { input: usd("1"), output: usd("2"), cached_input: Some(usd("0.5")), cache_write: None };
    let settings = ModelSettings {
        profile: RoutingProfile::single(local.clone()),
        providers: BTreeMap::from([("openai-compatible".to_owned(), endpoint)]),
        prices: BTreeMap::from([(local.clone(), price)]),
    };
    let router = Router::new(&settings, |_: &str| None).unwrap();
    let candidates = [local];
    let request = said("hi");
    let quote = router.quote(&candidates, &request).unwrap();
    let (sink, heard) = recorder();
    let done =
        router.complete(&candidates, &request, quote.worst, &sink, &CancellationToken::new()).await.unwrap();
    assert_eq!((done.reply.text.as_str(), done.finish), ("Hello.", FinishReason::Stop));
    assert_eq!(done.cost, usd("0.00013"), "20 plain, 100 cached, 30 out");
    assert!(done.cost <= quote.worst);
    assert_eq!(*heard.lock().unwrap(), "Hello.", "an attempt without words makes nobody forget any");
    assert_eq!(
        server.asked()[0].headers["authorization"],
        "Bearer none",
        "a placeholder where no key is asked for"
    );
}
