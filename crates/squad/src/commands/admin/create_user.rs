//! `squad admin create-user`.

use super::{now, password_link};
use crate::context::{Context, LOCAL_ORG};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{self, json};
use clap::Args;
use serde_json::json;
use squad_domain::ids::{OrgId, UserId};
use squad_engine::{Clock as _, SystemClock};
use squad_storage::NewUser;

/// Make an account, and print a link with which its owner chooses a password
///
/// The link is good once, for 24 hours, and shows that the address is theirs: hand it over on a way that you trust.
#[derive(Debug, Args)]
pub(super) struct CreateUser {
    /// The address
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// What people call them
    #[arg(long, value_name = "NAME")]
    name: String,
}

impl CreateUser {
    pub(super) async fn execute(self, context: &Context) -> Result<Exit, CliError> {
        let email = self.email.trim().to_lowercase();
        if !email.contains('@') || self.name.trim().is_empty() {
            return Err(CliError::Usage("give an address such as `ada@example.com`, and a name".to_owned()));
        }
        let storage = context.storage().await?;
        let clock = SystemClock::default();
        let name = self.name.trim().to_owned();
        let user = NewUser {
            id: UserId(clock.new_id()),
            organization: (OrgId(clock.new_id()), format!("{name}'s organization")),
            password_hash: None,
            at: now(),
            email,
            name,
        };
        let made = storage.create_user(user, LOCAL_ORG).await?;
        let user = made.ok_or_else(|| {
            CliError::Usage(format!(
                "`{}` has an account already; see `squad admin reset-password`",
                self.email
            ))
        })?;
        let link = password_link(context, &storage, &user).await?;
        output::print(&if context.json {
            json::line(&json!({ "user_id": user.id, "link": link }))
        } else {
            format!("{link}\n")
        });
        Ok(Exit::Completed)
    }
}
