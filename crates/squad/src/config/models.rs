//! From the configuration to what an execution is started with.

use super::{Config, ConfigError};
use squad_domain::model::{ModelSettings, Purpose, RoutingProfile};
use squad_llm::Environment;

impl Config {
    /// The models to work with. Where nobody chose one, those of the providers whose keys are there.
    ///
    /// # Errors
    /// Where there is neither a choice nor a key.
    pub(crate) fn models(&self, environment: &dyn Environment) -> Result<ModelSettings, ConfigError> {
        let chosen = self.model.iter().chain(&self.profile.fallback).cloned().collect::<Vec<_>>();
        let mut profile =
            if self.model.is_some() || !self.profile.plan.is_empty() && !self.profile.code.is_empty() {
                let default = if chosen.is_empty() { self.profile.code.clone() } else { chosen };
                RoutingProfile { default, ..RoutingProfile::default() }
            } else {
                squad_llm::default_profile(environment).ok_or(ConfigError::NoModel)?
            };
        let lists = [
            (Purpose::Plan, &self.profile.plan),
            (Purpose::Code, &self.profile.code),
            (Purpose::Review, &self.profile.review),
            (Purpose::Test, &self.profile.test),
            (Purpose::Summarize, &self.profile.summarize),
        ];
        for (purpose, list) in lists {
            if !list.is_empty() {
                profile.purposes.insert(purpose, list.clone());
            }
        }
        if !self.profile.escalation.is_empty() {
            profile.escalation.clone_from(&self.profile.escalation);
        }
        Ok(ModelSettings {
            profile,
            providers: self.providers.clone(),
            prices: self.prices.iter().map(|(model, entry)| (model.clone(), (*entry).into())).collect(),
        })
    }
}
