//! The scripted model beside an execution that was started with it.

use crate::error::CliError;
use crate::output::tell::SCRIPTED_PROVIDER;
use squad_domain::execution::ExecutionSpec;
use squad_scripted::{Handle, Scenario, ScriptedModel};
use std::net::{SocketAddr, TcpListener};

/// Starts the scripted model for a demonstration that is taken up again, where the spec says that it was: a demo that
/// was killed took its model with it. `None`: the execution needs none, or it still runs.
///
/// # Errors
/// Where it cannot be started.
pub(super) async fn again(spec: &ExecutionSpec) -> Result<Option<Handle>, CliError> {
    let Some(address) = address(spec) else { return Ok(None) };
    // Somebody listens: the demonstration's own process, or a server that a person started.
    if TcpListener::bind(address).is_err() {
        return Ok(None);
    }
    Ok(Some(ScriptedModel::start(Scenario::demo(), address).await?))
}

/// Where the scripted model of an execution listens on this machine.
fn address(spec: &ExecutionSpec) -> Option<SocketAddr> {
    let url = spec.models.providers.get(SCRIPTED_PROVIDER)?.base_url.as_deref()?;
    let authority = url.strip_prefix("http://")?.split('/').next()?;
    authority.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback())
}
