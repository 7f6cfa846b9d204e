//! `squad budget`: what may be spent, by whom; and what was.

use super::input::Desk;
use crate::cli::Global;
use crate::context::{Context, LOCAL_ORG};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::output::budgets::{Row, to_json, to_table};
use crate::squads;
use clap::Args;
use squad_domain::ids::SquadId;
use squad_domain::money::MicroUsd;
use squad_engine::Input;
use squad_storage::{BudgetScope, Storage, StorageError};
use std::str::FromStr;

const EXAMPLES: &str = "\
Examples:
  squad budget                                  # of the organization and of each squad
  squad budget --organization --set 100         # everything in this database, from its beginning
  squad budget --squad default --set 40
  squad budget --squad default --set none
  squad budget 3f9a1c02                         # of an execution and its members
  squad budget 3f9a1c02 --set 5
  squad budget 3f9a1c02 --member Bea --set 1.50";

/// Show or set budgets: of the organization, of a squad, of an execution, of a member within one
///
/// A limit is the whole amount, from the beginning, in US dollars, and may be set at any time, up or down. Below what is
/// spent already, it stops the next call, and you are asked. Budgets of the organization and of squads hold over all
/// executions of this database, together with those of each execution. Without `--set` it only shows them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Budget {
    /// The execution: its id or a part of it
    #[arg(conflicts_with_all = ["organization", "squad"])]
    id: Option<String>,
    /// The new limit in US dollars; `none` takes the limit of an organization or a squad away
    #[arg(long, value_name = "USD|none")]
    set: Option<Limit>,
    /// Of this member, within the execution
    #[arg(long, value_name = "NAME|ROLE", requires = "id")]
    member: Option<String>,
    /// Of the organization: everything in this database
    #[arg(long, visible_alias = "org", conflicts_with = "squad")]
    organization: bool,
    /// Of a squad, as `squad run --squad` takes it, or by its name; once it has worked here
    #[arg(long, value_name = "TEMPLATE|FILE.TOML|NAME")]
    squad: Option<String>,
}

/// `--set 5`, `--set none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(Option<MicroUsd>);

impl FromStr for Limit {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self(None));
        }
        text.parse()
            .map(|amount| Self(Some(amount)))
            .map_err(|error: squad_domain::money::ParseMoneyError| error.to_string())
    }
}

impl Budget {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        if let Some(id) = &self.id {
            return self.of_execution(global, id).await;
        }
        let context = Context::new(global, Vec::new())?;
        if let Some(Limit(limit)) = self.set {
            let storage =
                if self.organization { context.storage().await? } else { context.existing().await? };
            let scope = self.scope(&context, &storage).await?;
            storage.set_budget(&scope, limit).await?;
            show(&context, &shared(&storage).await?);
            return Ok(Exit::Completed);
        }
        let rows = match context.existing().await {
            Err(CliError::Storage(StorageError::Missing { .. })) if context.is_default_place() => Vec::new(),
            other => shared(&other?).await?,
        };
        show(&context, &rows);
        Ok(Exit::Completed)
    }

    async fn scope(&self, context: &Context, storage: &Storage) -> Result<BudgetScope, CliError> {
        match &self.squad {
            Some(name) => Ok(BudgetScope::Squad(squad(context, storage, name).await?)),
            None if self.organization => Ok(BudgetScope::Org(LOCAL_ORG)),
            None => Err(CliError::Usage(
                "say whose budget to set: `--organization`, `--squad <name>`, or the id of an execution"
                    .to_owned(),
            )),
        }
    }

    async fn of_execution(&self, global: &Global, id: &str) -> Result<Exit, CliError> {
        let desk = Desk::open(global, Some(id)).await?;
        let whose = self.member.clone().unwrap_or_else(|| "the execution".to_owned());
        match self.set {
            Some(Limit(Some(limit))) => {
                let done = format!("{whose} may spend {limit} in all");
                desk.say(Input::SetBudget { member: self.member.clone(), limit }, &done).await
            }
            Some(Limit(None)) => Err(CliError::Usage(
                "an execution keeps a limit once it has one; set one that is high enough".to_owned(),
            )),
            None => {
                let (storage, squad) = (desk.engine.storage(), &desk.state.spec.squad);
                let mut rows =
                    vec![row(storage, "execution", &desk.id.short(), BudgetScope::Execution(desk.id)).await?];
                for member in &squad.members {
                    let scope = BudgetScope::Member(desk.id, member.name.clone());
                    rows.push(row(storage, "member", member.name.as_str(), scope).await?);
                }
                show(&desk.context, &rows);
                Ok(Exit::Completed)
            }
        }
    }
}

/// A squad that has worked here: by its name, or as `squad run` would find it.
async fn squad(context: &Context, storage: &Storage, name: &str) -> Result<SquadId, CliError> {
    let known = storage.squads(LOCAL_ORG).await?;
    let id = match known.iter().find(|row| row.name.eq_ignore_ascii_case(name)) {
        Some(row) => return Ok(row.id),
        None => squads::load(name, &context.prompts()?)?.squad.id,
    };
    if known.iter().all(|row| row.id != id) {
        return Err(CliError::Usage(format!(
            "the squad `{name}` has not worked here yet; its budget can be set once it has, until then with `--organization`, or per execution with `squad run --budget`"
        )));
    }
    Ok(id)
}

async fn shared(storage: &Storage) -> Result<Vec<Row>, CliError> {
    let mut rows = vec![row(storage, "organization", "", BudgetScope::Org(LOCAL_ORG)).await?];
    for squad in storage.squads(LOCAL_ORG).await? {
        rows.push(row(storage, "squad", &squad.name, BudgetScope::Squad(squad.id)).await?);
    }
    Ok(rows)
}

async fn row(storage: &Storage, scope: &'static str, name: &str, of: BudgetScope) -> Result<Row, CliError> {
    Ok(Row::new(scope, name, storage.budget(&of).await?))
}

fn show(context: &Context, rows: &[Row]) {
    output::print(&if context.json { to_json(rows) } else { to_table(rows) });
}
