//! Events as watchers get them: of an execution, of a squad, of the whole organization. Each has a sequence of its own
//! without a gap; the text of a payload is handed on as it is stored.

use super::Tenant;
use crate::connect::Storage;
use crate::convert::{count, number, timestamp};
use crate::dialect::{all, one};
use crate::error::StorageError;
use sea_orm::{DbErr, QueryResult};
use squad_domain::Timestamp;
use squad_domain::ids::{ExecutionId, OrgId, SquadId};
use uuid::Uuid;

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// One execution.
    Execution(ExecutionId),
    /// All executions of a squad.
    Squad(SquadId),
    /// All executions of the organization.
    Organization,
}

/// An event on its way to watchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamedEvent {
    /// In which execution.
    pub execution: ExecutionId,
    /// Of which squad.
    pub squad: SquadId,
    /// Its place in the execution, from 1.
    pub seq: u64,
    /// Its place among all events of the squad, from 1.
    pub squad_seq: u64,
    /// Its place among all events of the organization, from 1.
    pub org_seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who: `engine`, `member:<name>`, `person:<name>`.
    pub actor: String,
    /// What: `docs/events.md` lists all kinds.
    pub kind: String,
    /// The rest, as JSON text.
    pub payload: String,
}

impl StreamedEvent {
    /// Whether a watcher of that topic gets it.
    #[must_use]
    pub fn is_of(&self, topic: Topic) -> bool {
        match topic {
            Topic::Execution(id) => self.execution == id,
            Topic::Squad(id) => self.squad == id,
            Topic::Organization => true,
        }
    }

    /// Its place in that topic.
    #[must_use]
    pub fn place(&self, topic: Topic) -> u64 {
        match topic {
            Topic::Execution(_) => self.seq,
            Topic::Squad(_) => self.squad_seq,
            Topic::Organization => self.org_seq,
        }
    }
}

const COLUMNS: &str =
    "execution_id, squad_id, seq, squad_seq, org_seq, at, actor, kind, CAST(payload AS text) AS payload";

fn event(row: &QueryResult) -> Result<StreamedEvent, DbErr> {
    Ok(StreamedEvent {
        execution: ExecutionId(row.try_get::<Uuid>("", "execution_id")?),
        squad: SquadId(row.try_get::<Uuid>("", "squad_id")?),
        seq: number(row.try_get("", "seq")?),
        squad_seq: number(row.try_get("", "squad_seq")?),
        org_seq: number(row.try_get("", "org_seq")?),
        at: timestamp(row.try_get("", "at")?),
        actor: row.try_get("", "actor")?,
        kind: row.try_get("", "kind")?,
        payload: row.try_get("", "payload")?,
    })
}

impl Tenant {
    /// Events of a topic after a place in it, at most `limit`, in order.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn stream(
        &self,
        topic: Topic,
        after: u64,
        limit: u64,
    ) -> Result<Vec<StreamedEvent>, StorageError> {
        let (of, column, id) = match topic {
            Topic::Execution(id) => ("execution_id = $2", "seq", id.0),
            Topic::Squad(id) => ("squad_id = $2", "squad_seq", id.0),
            Topic::Organization => ("org_id = $2", "org_seq", self.org().0),
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM events WHERE org_id = $1 AND {of} AND {column} > $3 ORDER BY {column} LIMIT $4"
        );
        let rows = self.all(&sql, [id.into(), count(after).into(), count(limit).into()]).await?;
        Ok(rows.iter().map(event).collect::<Result<_, _>>()?)
    }

    /// The last place in a topic; `None` where there is no such execution or squad here.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn stream_head(&self, topic: Topic) -> Result<Option<u64>, StorageError> {
        let row = match topic {
            Topic::Execution(id) => {
                let sql = "SELECT last_seq FROM executions WHERE org_id = $1 AND id = $2";
                self.one(sql, [id.0.into()]).await?
            }
            Topic::Squad(id) => {
                let sql = "SELECT last_seq FROM squads WHERE org_id = $1 AND id = $2";
                self.one(sql, [id.0.into()]).await?
            }
            Topic::Organization => {
                let row = self.one("SELECT last_seq FROM org_streams WHERE org_id = $1", []).await?;
                // An organization in which nothing has happened yet has no row.
                let Some(row) = row else { return Ok(Some(0)) };
                Some(row)
            }
        };
        Ok(row.map(|row| row.try_get("", "last_seq")).transpose()?.map(number))
    }
}

impl Storage {
    /// The last place in the stream of each of these organizations; those in which nothing has happened are left out. One
    /// statement for all of them: poll it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn stream_heads(&self, orgs: &[OrgId]) -> Result<Vec<(OrgId, u64)>, StorageError> {
        let mut heads = Vec::with_capacity(orgs.len());
        for chunk in orgs.chunks(500) {
            let places: Vec<String> = (1..=chunk.len()).map(|place| format!("${place}")).collect();
            let sql =
                format!("SELECT org_id, last_seq FROM org_streams WHERE org_id IN ({})", places.join(", "));
            for row in all(&self.pool, &sql, chunk.iter().map(|org| org.0.into())).await? {
                heads.push((OrgId(row.try_get::<Uuid>("", "org_id")?), number(row.try_get("", "last_seq")?)));
            }
        }
        Ok(heads)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn ping(&self) -> Result<(), StorageError> {
        one(&self.pool, "SELECT 1 AS one", []).await?;
        Ok(())
    }
}
