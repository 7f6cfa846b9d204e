//! Looks whether a provider can be used, without spending money: for `squad doctor`.

use crate::Environment;
use crate::adapter::{Endpoint, EndpointError};
use squad_domain::model::ProviderEndpoint;
use std::time::Duration;

/// What was found out about a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The provider.
    pub provider: String,
    /// Its address; `None` where it is not configured.
    pub base_url: Option<String>,
    /// What it said.
    pub outcome: ProbeOutcome,
}

/// What a provider said when its models were listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// It can be used; these are its models.
    Ready(Vec<String>),
    /// It is not configured: the reason says what is missing.
    NotConfigured(String),
    /// It is configured, but does not answer or refuses, in its own words.
    Failed(String),
}

/// Lists the models of `provider`, waiting for `timeout` at most.
pub async fn probe(
    provider: &str,
    settings: Option<&ProviderEndpoint>,
    env: &dyn Environment,
    timeout: Duration,
) -> Probe {
    let endpoint: Result<Endpoint, EndpointError> = Endpoint::resolve(provider, settings, env);
    let (base_url, outcome) = match endpoint {
        Err(error) => (None, ProbeOutcome::NotConfigured(error.to_string())),
        Ok(endpoint) => {
            let outcome = match tokio::time::timeout(timeout, endpoint.list_models()).await {
                Ok(Ok(models)) => ProbeOutcome::Ready(models),
                Ok(Err(error)) => ProbeOutcome::Failed(error.to_string()),
                Err(_) => ProbeOutcome::Failed(format!("no answer within {} s", timeout.as_secs())),
            };
            (Some(endpoint.base_url().to_owned()), outcome)
        }
    };
    Probe { provider: provider.to_owned(), base_url, outcome }
}
