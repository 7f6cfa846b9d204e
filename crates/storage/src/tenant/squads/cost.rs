//! What a squad has done, and what for.

use crate::convert::{money, number, status};
use crate::error::StorageError;
use crate::tenant::Tenant;
use squad_domain::execution::Status;
use squad_domain::ids::SquadId;
use squad_domain::money::MicroUsd;
use std::collections::BTreeMap;

/// What a squad has cost so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SquadCost {
    /// All of its executions.
    pub total: MicroUsd,
    /// How many executions stand where. What has none is not in it.
    pub executions: BTreeMap<Status, u64>,
    /// By member, the dearest first.
    pub members: Vec<SquadSpend>,
    /// By model, the dearest first.
    pub models: Vec<SquadSpend>,
}

/// What one member spent, or what was spent on one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SquadSpend {
    /// The member's name at the time, or the model: the one that answered, else the one that was asked.
    pub name: String,
    /// How many calls there were, those that failed or run among them.
    pub calls: u64,
    /// What they cost.
    pub cost: MicroUsd,
}

/// One statement, so that its parts fit each other while executions go on. The first part tells whether there is such a
/// squad.
const COST: &str = "\
    SELECT 'squad' AS part, '' AS name, CAST(0 AS bigint) AS number, CAST(0 AS bigint) AS cost \
        FROM squads WHERE org_id = $1 AND id = $2 \
    UNION ALL SELECT 'status', status, count(*), CAST(sum(cost) AS bigint) \
        FROM executions WHERE org_id = $1 AND squad_id = $2 GROUP BY status \
    UNION ALL SELECT 'member', c.member, count(*), CAST(sum(c.cost) AS bigint) \
        FROM executions e JOIN model_calls c ON c.execution_id = e.id AND c.org_id = e.org_id \
        WHERE e.org_id = $1 AND e.squad_id = $2 GROUP BY c.member \
    UNION ALL SELECT 'model', coalesce(c.model_used, c.model_asked), count(*), CAST(sum(c.cost) AS bigint) \
        FROM executions e JOIN model_calls c ON c.execution_id = e.id AND c.org_id = e.org_id \
        WHERE e.org_id = $1 AND e.squad_id = $2 GROUP BY coalesce(c.model_used, c.model_asked) \
    ORDER BY cost DESC, number DESC, name";

impl Tenant {
    /// What a squad has cost so far. `None` where there is no such squad.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn squad_cost(&self, id: SquadId) -> Result<Option<SquadCost>, StorageError> {
        let rows = self.all(COST, [id.0.into()]).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut sum = SquadCost::default();
        for row in rows {
            let part: String = row.try_get("", "part")?;
            let spend = SquadSpend {
                name: row.try_get("", "name")?,
                calls: number(row.try_get("", "number")?),
                cost: money(row.try_get("", "cost")?),
            };
            match part.as_str() {
                "status" => {
                    sum.total += spend.cost;
                    sum.executions.insert(status(&spend.name)?, spend.calls);
                }
                "member" => sum.members.push(spend),
                "model" => sum.models.push(spend),
                _ => {}
            }
        }
        Ok(Some(sum))
    }
}
