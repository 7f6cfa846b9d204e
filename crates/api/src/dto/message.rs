//! What members and people say to each other.

use crate::dto::moment::Moment;
use crate::dto::slugs;
use serde::Serialize;
use squad_storage::MessageRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    /// In which execution.
    execution_id: Uuid,
    /// Which event of it.
    seq: u64,
    /// In which squad.
    squad_id: Uuid,
    /// When.
    at: Moment,
    /// Who said it: `engine`, `member:<name>` or `person:<name>`.
    #[schema(example = "member:Bea")]
    from: String,
    /// To whom: `everyone`, `member:<name>` or `person`, which is whoever watches.
    #[schema(example = "member:Tom")]
    to: String,
    /// What it is.
    #[schema(schema_with = slugs::message_kind)]
    kind: &'static str,
    /// The words.
    #[schema(example = "Which currency, Euro or Dollar?")]
    content: String,
}

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        Self {
            execution_id: row.execution.0,
            seq: row.seq,
            squad_id: row.squad.0,
            at: row.at.into(),
            from: row.from.to_string(),
            to: row.to.address(),
            kind: row.kind.slug(),
            content: row.content,
        }
    }
}

/// How many messages there are. The most numerous come first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageStatistics {
    /// In all.
    total: u64,
    /// By who sent them.
    senders: Vec<SenderCount>,
    /// By what they are.
    kinds: Vec<KindCount>,
    /// By who sent them to whom.
    pairs: Vec<PairCount>,
}

/// How many messages somebody sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SenderCount {
    /// Who.
    #[schema(example = "member:Bea")]
    from: String,
    /// How many.
    count: u64,
}

/// How many messages are of a kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KindCount {
    /// Which.
    #[schema(schema_with = slugs::message_kind)]
    kind: &'static str,
    /// How many.
    count: u64,
}

/// How many messages somebody sent to somebody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PairCount {
    /// Who.
    #[schema(example = "member:Bea")]
    from: String,
    /// To whom.
    #[schema(example = "member:Tom")]
    to: String,
    /// How many.
    count: u64,
}

impl From<squad_storage::MessageStatistics> for MessageStatistics {
    fn from(counted: squad_storage::MessageStatistics) -> Self {
        let senders = counted.senders.into_iter();
        let kinds = counted.kinds.into_iter();
        let pairs = counted.pairs.into_iter();
        Self {
            total: counted.total,
            senders: senders.map(|(from, count)| SenderCount { from: from.to_string(), count }).collect(),
            kinds: kinds.map(|(kind, count)| KindCount { kind: kind.slug(), count }).collect(),
            pairs: pairs
                .map(|(from, to, count)| PairCount { from: from.to_string(), to: to.address(), count })
                .collect(),
        }
    }
}
