//! `squad admin`: for whoever runs the installation. Works on the database itself; nobody has to be signed in.

mod backup;
mod create_user;
mod end_sessions;
mod jobs;
mod mails;
mod organizations;
mod reset_password;
mod restore;
mod rotate_keys;
mod table;
mod users;

use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use clap::{Args, Subcommand};
use squad_domain::Timestamp;
use squad_engine::{Clock as _, SystemClock};
use squad_secrets::token::{Kind, OpaqueToken};
use squad_storage::{LinkPurpose, NewEmailLink, Storage, UserRow};
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  squad admin users
  squad admin create-user --email ada@example.com --name \"Ada Lovelace\"
  squad admin reset-password ada@example.com
  squad admin mails                  # links that wait to be mailed, where no mail server is configured
  squad admin jobs                   # what was given up
  squad admin backup squad-backup.db";

/// Look after an installation: people, organizations, keys, jobs, backups
///
/// Works on the database itself, with the server running or not. Whoever can read the database can do this; nothing here
/// asks for a password.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Admin {
    #[command(subcommand)]
    task: Task,
}

/// What can be done.
#[derive(Debug, Subcommand)]
enum Task {
    Users(users::Users),
    CreateUser(create_user::CreateUser),
    ResetPassword(reset_password::ResetPassword),
    EndSessions(end_sessions::EndSessions),
    Organizations(organizations::Organizations),
    Mails(mails::Mails),
    Jobs(jobs::Jobs),
    RotateKeys(rotate_keys::RotateKeys),
    Backup(backup::Backup),
    Restore(restore::Restore),
}

impl Admin {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let context = Context::new(global, Vec::new())?;
        match self.task {
            Task::Users(task) => task.execute(&context).await,
            Task::CreateUser(task) => task.execute(&context).await,
            Task::ResetPassword(task) => task.execute(&context).await,
            Task::EndSessions(task) => task.execute(&context).await,
            Task::Organizations(task) => task.execute(&context).await,
            Task::Mails(task) => task.execute(&context).await,
            Task::Jobs(task) => task.execute(&context).await,
            Task::RotateKeys(task) => task.execute(&context).await,
            Task::Backup(task) => task.execute(&context).await,
            Task::Restore(task) => task.execute(&context).await,
        }
    }
}

/// Rows that a list shows at most.
const MOST: u64 = 10_000;

/// How long a link that an operator made is good.
const LINK: Duration = Duration::from_secs(24 * 3600);

fn now() -> Timestamp {
    SystemClock::default().now()
}

/// The account of an address.
async fn account(storage: &Storage, email: &str) -> Result<UserRow, CliError> {
    let found = storage.account_of(&email.trim().to_lowercase()).await?;
    found.map(|account| account.user).ok_or_else(|| {
        CliError::Usage(format!("there is no account `{email}`; `squad admin users` shows those there are"))
    })
}

/// A link with which somebody chooses a password.
async fn password_link(context: &Context, storage: &Storage, user: &UserRow) -> Result<String, CliError> {
    let token = OpaqueToken::new(Kind::EmailLink);
    let at = now();
    let link = NewEmailLink {
        hash: token.hash().to_hex(),
        user: user.id,
        purpose: LinkPurpose::ResetPassword,
        email: user.email.clone(),
        at,
        expires_at: at + LINK,
    };
    storage.add_email_link(link).await?;
    let server = &context.loaded.config.server;
    let local = format!("http://{}", server.listen);
    let url = server.public_url.as_deref().unwrap_or(&local).trim_end_matches('/').to_owned();
    Ok(format!("{url}/reset-password#token={}", token.expose()))
}
