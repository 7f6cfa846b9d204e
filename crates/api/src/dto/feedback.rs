//! What people think of the work.

use crate::dto::moment::Moment;
use serde::Serialize;
use squad_storage::{FeedbackRow, RatingSummary};
use utoipa::ToSchema;
use uuid::Uuid;

/// What somebody thinks of an execution.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Feedback {
    /// Its id.
    id: Uuid,
    /// On which execution.
    execution_id: Uuid,
    /// On which of its members; absent: on the whole squad.
    #[schema(example = "Bea")]
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<String>,
    /// From 1 (bad) to 5 (excellent).
    #[schema(minimum = 1, maximum = 5, example = 4)]
    rating: u8,
    /// Why. May be empty.
    #[schema(example = "Right at the first try, with good tests.")]
    comment: String,
    /// Who gave it; they may be gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<Uuid>,
    /// Counts from 1; giving it again adds one.
    #[schema(minimum = 1)]
    version: u64,
    /// When it was given first.
    created_at: Moment,
    /// When it was given last.
    updated_at: Moment,
}

impl From<FeedbackRow> for Feedback {
    fn from(row: FeedbackRow) -> Self {
        Self {
            id: row.id,
            execution_id: row.execution.0,
            member: row.member.map(|name| name.0),
            rating: row.rating,
            comment: row.comment,
            user_id: row.author.parse().ok(),
            version: row.version,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}

/// Ratings together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rating {
    /// How many there are.
    ratings: u64,
    /// Their average; absent where there are none.
    #[schema(minimum = 1, maximum = 5, example = 4.5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    average: Option<f64>,
    /// How many gave each rating: 1 comes first, 5 last.
    #[schema(min_items = 5, max_items = 5, example = json!([0, 0, 0, 1, 1]))]
    counts: Vec<u64>,
}

impl From<RatingSummary> for Rating {
    fn from(summary: RatingSummary) -> Self {
        Self { ratings: summary.ratings(), average: summary.average(), counts: summary.counts.to_vec() }
    }
}

/// How a squad is rated, over all its executions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SquadRatings {
    /// As a whole.
    squad: Rating,
    /// Each member that was rated, by name.
    members: Vec<MemberRating>,
}

/// How a member is rated.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberRating {
    /// Their name.
    #[schema(example = "Bea")]
    name: String,
    /// Their ratings.
    rating: Rating,
}

impl From<squad_storage::SquadRatings> for SquadRatings {
    fn from(ratings: squad_storage::SquadRatings) -> Self {
        let members = ratings.members.into_iter();
        Self {
            squad: ratings.squad.into(),
            members: members
                .map(|(name, summary)| MemberRating { name: name.0, rating: summary.into() })
                .collect(),
        }
    }
}
