//! Chooses who is asked, in which order, how often, and for how much at most.

mod attempts;
mod backoff;
mod breaker;
mod outcome;
mod quote;

use crate::adapter::{Endpoint, EndpointError, GenaiProvider, Timeouts};
use crate::{DeltaSink, Environment, ModelProvider, ModelRequest, PriceBook, ProviderError};
use breaker::Breakers;
use squad_domain::model::{ModelRef, ModelSettings, ProviderEndpoint};
use squad_domain::money::MicroUsd;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub use outcome::{Attempt, AttemptOutcome, CallFailure, Completion, FailureKind};
pub use quote::Quote;

/// How patient the router is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouterOptions {
    /// How often one candidate is asked in one call.
    pub attempts: u32,
    /// The first wait after a failure; each further one doubles.
    pub first_wait: Duration,
    /// The longest wait, also where a provider asks for a longer one.
    pub longest_wait: Duration,
    /// After how many failures in a row a model is left alone.
    pub breaker_failures: u32,
    /// For how long it is left alone before it is tried once.
    pub breaker_cool_down: Duration,
    /// How long answers may take; `None`: what fits a remote or a local server.
    pub timeouts: Option<Timeouts>,
}

impl Default for RouterOptions {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            breaker_failures: 6,
            breaker_cool_down: Duration::from_secs(30),
            timeouts: None,
        }
    }
}

/// A call that cannot even be tried as things are configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouterError {
    /// A provider cannot be reached as configured.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A provider's client cannot be set up.
    #[error("the client for `{provider}` cannot be set up: {reason}")]
    Client {
        /// The provider.
        provider: String,
        /// What went wrong.
        reason: String,
    },
    /// A model's price is not in the table.
    #[error(
        "the price of `{model}` is not known, so no budget could hold it; give it with `--price <input>/<output>` in US dollars per million tokens (`0/0` says that it is free)"
    )]
    UnknownPrice {
        /// The model.
        model: ModelRef,
    },
    /// Nobody is to be asked.
    #[error(
        "no model is configured; name one with `--model <provider/model>`, or set a provider's key, for example `ANTHROPIC_API_KEY`"
    )]
    NoCandidates,
    /// A model cannot call tools.
    #[error("`{model}` cannot call tools, which members need; choose another model")]
    NoTools {
        /// The model.
        model: ModelRef,
    },
}

/// The way from a request to a reply. Shared by all lanes, so that its circuit breakers see every call.
pub struct Router {
    endpoints: BTreeMap<String, ProviderEndpoint>,
    env: Arc<dyn Environment>,
    prices: PriceBook,
    options: RouterOptions,
    providers: Mutex<HashMap<String, Arc<dyn ModelProvider>>>,
    breakers: Breakers,
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

impl Router {
    /// A router for `settings`, with keys from `env`.
    ///
    /// # Errors
    /// If none of the profile's default models can be reached as configured, for example because its key is missing.
    pub fn new(settings: &ModelSettings, env: impl Environment + 'static) -> Result<Self, RouterError> {
        Self::with_options(settings, env, RouterOptions::default())
    }

    /// The same with patience of one's own.
    ///
    /// # Errors
    /// As [`Router::new`].
    pub fn with_options(
        settings: &ModelSettings,
        env: impl Environment + 'static,
        options: RouterOptions,
    ) -> Result<Self, RouterError> {
        let router = Self::unchecked(settings, Arc::new(env), options);
        let mut first_error = None;
        for model in &settings.profile.default {
            match router.provider(&model.provider) {
                Ok(_) => return Ok(router),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(router), Err)
    }

    /// A router whose providers are given, for tests and for providers of one's own.
    #[must_use]
    pub fn with_providers(
        settings: &ModelSettings,
        providers: HashMap<String, Arc<dyn ModelProvider>>,
        options: RouterOptions,
    ) -> Self {
        let none: fn(&str) -> Option<String> = |_| None;
        let router = Self::unchecked(settings, Arc::new(none), options);
        *router.providers.lock().unwrap_or_else(PoisonError::into_inner) = providers;
        router
    }

    fn unchecked(settings: &ModelSettings, env: Arc<dyn Environment>, options: RouterOptions) -> Self {
        Self {
            endpoints: settings.providers.clone(),
            env,
            prices: PriceBook::embedded().with_overrides(&settings.prices),
            breakers: Breakers::new(options.breaker_failures, options.breaker_cool_down),
            options,
            providers: Mutex::default(),
        }
    }

    /// The prices and limits it goes by.
    #[must_use]
    pub fn prices(&self) -> &PriceBook {
        &self.prices
    }

    /// What a call may cost at worst, over all candidates: what must be reserved before the act.
    ///
    /// # Errors
    /// If a candidate's price is not known, if none is given, or if tools are offered to a model that cannot call them.
    pub fn quote(&self, candidates: &[ModelRef], request: &ModelRequest) -> Result<Quote, RouterError> {
        quote::quote(&self.prices, candidates, request)
    }

    /// Asks the candidates in order until one answers. None is asked whose worst case is above what is left of `ceiling`.
    ///
    /// # Errors
    /// If none answered. The failure tells every attempt, what they may have cost, and whether time, a person, or a
    /// shorter conversation helps.
    pub async fn complete(
        &self,
        candidates: &[ModelRef],
        request: &ModelRequest,
        ceiling: MicroUsd,
        deltas: &DeltaSink,
        cancel: &CancellationToken,
    ) -> Result<Completion, CallFailure> {
        attempts::Call::new(self, request, ceiling, deltas, cancel).run(candidates).await
    }

    fn provider(&self, name: &str) -> Result<Arc<dyn ModelProvider>, RouterError> {
        let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(provider) = providers.get(name) {
            return Ok(Arc::clone(provider));
        }
        let endpoint = Endpoint::resolve(name, self.endpoints.get(name), self.env.as_ref())?;
        let provider =
            GenaiProvider::new(endpoint, self.options.timeouts).map_err(|error: ProviderError| {
                RouterError::Client { provider: name.to_owned(), reason: error.to_string() }
            })?;
        let provider: Arc<dyn ModelProvider> = Arc::new(provider);
        providers.insert(name.to_owned(), Arc::clone(&provider));
        Ok(provider)
    }
}
