//! Where a task is in its column, and moving it.
//!
//! Places are numbers with wide gaps. A task that is put between two others gets the number in the middle; where there is
//! none left, the column is numbered anew. A column is the organization's, whatever part of it a board shows: the order
//! within a project follows from it.

use super::hold;
use super::refusal::{TaskError, TaskRefusal};
use super::row::{TaskRow, find, found};
use crate::dialect::{execute, one};
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Change, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr};
use serde_json::json;
use squad_domain::board::TaskState;
use squad_domain::ids::OrgId;
use uuid::Uuid;

/// Between two neighbours: twenty tasks in a row can be put into the same spot before the column is numbered anew.
const GAP: i64 = 1 << 20;

/// Where in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskPlace {
    /// Above all others.
    First,
    /// Below all others.
    Last,
    /// Right above that task.
    Before(Uuid),
    /// Right below that task.
    After(Uuid),
}

/// The number by which the task comes to that place of the column. The caller holds the board.
pub(super) async fn place_for(
    transaction: &DatabaseTransaction,
    org: OrgId,
    task: Uuid,
    column: TaskState,
    place: TaskPlace,
) -> Result<i64, TaskError> {
    let (neighbour, above) = match place {
        TaskPlace::First => {
            return Ok(end(transaction, org, task, column, "min").await?.map_or(0, |first| first - GAP));
        }
        TaskPlace::Last => {
            return Ok(end(transaction, org, task, column, "max").await?.map_or(0, |last| last + GAP));
        }
        TaskPlace::Before(neighbour) => (neighbour, true),
        TaskPlace::After(neighbour) => (neighbour, false),
    };
    if neighbour == task {
        return Err(TaskRefusal::NeighbourElsewhere.into());
    }
    loop {
        let sql = "SELECT place FROM tasks WHERE org_id = $1 AND id = $2 AND state = $3";
        let row = one(transaction, sql, [org.0.into(), neighbour.into(), column.slug().into()]).await?;
        let next_to: i64 = row.ok_or(TaskRefusal::NeighbourElsewhere)?.try_get("", "place")?;
        let (nearest, beyond, step) = if above { ("max", "<", -GAP) } else { ("min", ">", GAP) };
        let sql = format!(
            "SELECT {nearest}(place) AS place FROM tasks WHERE org_id = $1 AND state = $2 AND place {beyond} $3 AND id <> $4"
        );
        let values = [org.0.into(), column.slug().into(), next_to.into(), task.into()];
        let other: Option<i64> = match one(transaction, &sql, values).await? {
            Some(row) => row.try_get("", "place")?,
            None => None,
        };
        let Some(other) = other else { return Ok(next_to + step) };
        let middle = other + (next_to - other) / 2;
        if middle != other && middle != next_to {
            return Ok(middle);
        }
        renumber(transaction, org, column).await?;
    }
}

/// The first or the last place of the column that is not the task's own.
async fn end(
    transaction: &DatabaseTransaction,
    org: OrgId,
    task: Uuid,
    column: TaskState,
    which: &str,
) -> Result<Option<i64>, DbErr> {
    let sql =
        format!("SELECT {which}(place) AS place FROM tasks WHERE org_id = $1 AND state = $2 AND id <> $3");
    let row = one(transaction, &sql, [org.0.into(), column.slug().into(), task.into()]).await?;
    row.map_or(Ok(None), |row| row.try_get("", "place"))
}

/// Makes the gaps of a column wide again; the order stays.
async fn renumber(transaction: &DatabaseTransaction, org: OrgId, column: TaskState) -> Result<(), DbErr> {
    let sql = format!(
        "UPDATE tasks SET place = numbered.nth * {GAP} FROM (\
            SELECT id, row_number() OVER (ORDER BY place, id) AS nth FROM tasks WHERE org_id = $1 AND state = $2\
        ) AS numbered WHERE tasks.org_id = $1 AND tasks.id = numbered.id"
    );
    execute(transaction, &sql, [org.0.into(), column.slug().into()]).await?;
    Ok(())
}

impl Tenant {
    /// Moves a task to a place of a column, its own or another. `expected` is the version that the move was made for;
    /// without it, any.
    ///
    /// # Errors
    /// [`TaskRefusal::NeighbourElsewhere`] where the neighbour is not in that column.
    pub async fn move_task(
        &self,
        author: &Author,
        id: Uuid,
        expected: Option<u64>,
        column: TaskState,
        place: TaskPlace,
    ) -> Result<Change<TaskRow>, TaskError> {
        let (change, _) = self.write(author, Move { id, expected, column, place }).await?;
        Ok(change)
    }
}

struct Move {
    id: Uuid,
    expected: Option<u64>,
    column: TaskState,
    place: TaskPlace,
}

#[async_trait]
impl TenantWrite for Move {
    /// And the column that it comes from.
    type Output = (Change<TaskRow>, Option<TaskState>);
    type Error = TaskError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Self::Output, TaskError> {
        hold(transaction, org).await?;
        let Some(task) = find(transaction, org, self.id).await? else { return Ok((Change::NotFound, None)) };
        if self.expected.is_some_and(|expected| expected != task.version) {
            return Ok((Change::Stale(task), None));
        }
        let place = place_for(transaction, org, self.id, self.column, self.place).await?;
        let sql = "UPDATE tasks SET state = $3, place = $4, version = version + 1, updated_at = $5 \
            WHERE org_id = $1 AND id = $2";
        let values = [org.0.into(), self.id.into(), self.column.slug().into(), place.into(), at.into()];
        execute(transaction, sql, values).await?;
        Ok((Change::Done(found(transaction, org, self.id).await?), Some(task.state)))
    }

    fn audit(&self, (_, from): &Self::Output) -> Option<Audit> {
        let from = (*from)?;
        Some(Audit::new("task.moved", self.id, json!({ "from": from, "to": self.column })))
    }
}
