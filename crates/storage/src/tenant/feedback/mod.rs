//! What people think of what a squad did: from 1 to 5, of the whole squad or of one member, with a comment.

mod give;

pub use give::{FeedbackError, NewFeedback};

use super::{Page, Tenant};
use crate::convert::{count, number, timestamp};
use crate::error::StorageError;
use sea_orm::QueryResult;
use squad_domain::Timestamp;
use squad_domain::ids::{ExecutionId, MemberName, SquadId};
use uuid::Uuid;

/// What somebody thinks of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackRow {
    /// Its id.
    pub id: Uuid,
    /// On which execution.
    pub execution: ExecutionId,
    /// On which of its members; `None`: on the whole squad.
    pub member: Option<MemberName>,
    /// From 1 (bad) to 5 (excellent).
    pub rating: u8,
    /// Why. May be empty.
    pub comment: String,
    /// Who gave it: the id of a user, who may be gone.
    pub author: String,
    /// Counts from 1; giving it again adds one.
    pub version: u64,
    /// When it was given first.
    pub created_at: Timestamp,
    /// When it was given last.
    pub updated_at: Timestamp,
}

/// Ratings together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RatingSummary {
    /// How many gave each rating: 1 comes first.
    pub counts: [u64; 5],
}

impl RatingSummary {
    /// How many ratings there are.
    #[must_use]
    pub fn ratings(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Their average; `None` where there are none.
    #[must_use]
    pub fn average(&self) -> Option<f64> {
        let sum: u64 = (1..).zip(self.counts).map(|(rating, count)| rating * count).sum();
        let ratings = self.ratings();
        (ratings > 0).then(|| sum as f64 / ratings as f64)
    }
}

/// How a squad is rated, over all its executions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SquadRatings {
    /// As a whole.
    pub squad: RatingSummary,
    /// Each member that was rated, by name.
    pub members: Vec<(MemberName, RatingSummary)>,
}

/// The whole squad, in the column of the member.
const WHOLE: &str = "";

const COLUMNS: &str =
    "f.id, f.execution_id, f.member, f.rating, f.comment, f.author, f.version, f.created_at, f.updated_at";

fn named(member: String) -> Option<MemberName> {
    (member != WHOLE).then_some(MemberName(member))
}

fn feedback(row: &QueryResult) -> Result<FeedbackRow, StorageError> {
    Ok(FeedbackRow {
        id: row.try_get("", "id")?,
        execution: ExecutionId(row.try_get("", "execution_id")?),
        member: named(row.try_get("", "member")?),
        rating: u8::try_from(row.try_get::<i64>("", "rating")?).unwrap_or(u8::MAX),
        comment: row.try_get("", "comment")?,
        author: row.try_get("", "author")?,
        version: number(row.try_get("", "version")?),
        created_at: timestamp(row.try_get("", "created_at")?),
        updated_at: timestamp(row.try_get("", "updated_at")?),
    })
}

impl Tenant {
    /// What people think of an execution, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn feedback_of_execution(
        &self,
        execution: ExecutionId,
        page: Page,
    ) -> Result<Vec<FeedbackRow>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM feedback f WHERE f.org_id = $1 AND f.execution_id = $2 AND f.id < $3 \
             ORDER BY f.id DESC LIMIT $4"
        );
        let values = [execution.0.into(), page.below().into(), count(page.limit).into()];
        self.all(&sql, values).await?.iter().map(feedback).collect()
    }

    /// What people think of all that a squad did, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn feedback_of_squad(
        &self,
        squad: SquadId,
        page: Page,
    ) -> Result<Vec<FeedbackRow>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM feedback f JOIN executions e ON e.id = f.execution_id \
             WHERE f.org_id = $1 AND e.org_id = $1 AND e.squad_id = $2 AND f.id < $3 ORDER BY f.id DESC LIMIT $4"
        );
        let values = [squad.0.into(), page.below().into(), count(page.limit).into()];
        self.all(&sql, values).await?.iter().map(feedback).collect()
    }

    /// How a squad and its members are rated.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn squad_ratings(&self, squad: SquadId) -> Result<SquadRatings, StorageError> {
        let sql = "SELECT f.member, f.rating, count(*) AS n FROM feedback f JOIN executions e ON e.id = f.execution_id \
            WHERE f.org_id = $1 AND e.org_id = $1 AND e.squad_id = $2 GROUP BY f.member, f.rating";
        let mut ratings = SquadRatings::default();
        for row in self.all(sql, [squad.0.into()]).await? {
            let summary = match named(row.try_get("", "member")?) {
                None => &mut ratings.squad,
                Some(member) => {
                    let known = ratings.members.iter().position(|(name, _)| *name == member);
                    let index = known.unwrap_or_else(|| {
                        ratings.members.push((member, RatingSummary::default()));
                        ratings.members.len() - 1
                    });
                    &mut ratings.members[index].1
                }
            };
            let rating: i64 = row.try_get("", "rating")?;
            if let Some(count) =
                usize::try_from(rating - 1).ok().and_then(|index| summary.counts.get_mut(index))
            {
                *count = number(row.try_get("", "n")?);
            }
        }
        ratings.members.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(ratings)
    }
}
