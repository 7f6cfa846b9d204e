//! What a process reaches outside of its log: models by script, files on the world's disk.

use super::guard;
use super::hands::SimulatedHands;
use super::model::Provider;
use super::process::Process;
use crate::EngineError;
use crate::outside::{Hands, Outside, Task};
use async_trait::async_trait;
use squad_domain::ids::ExecutionId;
use squad_domain::model::ModelSettings;
use squad_llm::{ModelProvider, Router, RouterOptions};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Simulated(pub(super) Arc<Process>);

#[async_trait]
impl Outside for Simulated {
    fn router(&self, models: &ModelSettings) -> Result<Router, EngineError> {
        let provider: Arc<dyn ModelProvider> = Arc::new(Provider(Arc::clone(&self.0)));
        // Waits that providers do not ask for have jitter, which no seed holds.
        let options = RouterOptions { first_wait: Duration::ZERO, ..RouterOptions::default() };
        let providers = HashMap::from([("scripted".to_owned(), provider)]);
        Ok(Router::with_providers(models, providers, options))
    }

    fn hands(&self, task: Task<'_>) -> Arc<dyn Hands> {
        Arc::new(SimulatedHands {
            process: Arc::clone(&self.0),
            driver: guard(&self.0.world.watch).drives(),
            fence: self.0.fence().unwrap_or_default(),
            prompts: task.prompts,
            clock: task.clock,
            cancel: task.cancel,
        })
    }

    async fn remove_files(&self, _: ExecutionId) -> Result<(), EngineError> {
        self.0.passes("before the files are removed").await;
        guard(&self.0.world.disk).tidied = true;
        Ok(())
    }
}
