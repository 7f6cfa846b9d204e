//! `squad admin rotate-keys`.

use super::now;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::master_key;
use crate::output;
use clap::Args;
use squad_api::Keys;
use std::sync::Arc;

/// Let a new key sign access tokens from now on
///
/// Tokens that were signed before stay good until they expire, within minutes; nobody is signed out. Servers that run
/// notice by themselves. It happens every 90 days without being asked for.
#[derive(Debug, Args)]
pub(super) struct RotateKeys {}

impl RotateKeys {
    pub(super) async fn execute(self, context: &Context) -> Result<Exit, CliError> {
        let storage = context.existing().await?;
        let master = Arc::new(master_key::read(&context.data_dir)?);
        // No token is issued here, so that the issuer's name does not matter.
        let keys = Keys::load(storage, master, "squad-admin", now()).await?;
        keys.rotate(now()).await?;
        output::print("a new key signs from now on\n");
        Ok(Exit::Completed)
    }
}
