//! What members and people said to each other. Written by the log alone (`crate::log`); here it is read.

use super::Tenant;
use super::conditions::Conditions;
use super::search::and_words;
use crate::convert::{count, from_json, micros, number, text, timestamp};
use crate::error::StorageError;
use sea_orm::QueryResult;
use squad_domain::Timestamp;
use squad_domain::ids::{ExecutionId, MemberName, SquadId};
use squad_domain::message::{Actor, MessageKind, Recipient};
use std::collections::BTreeMap;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// In which execution.
    pub execution: ExecutionId,
    /// Which event of it.
    pub seq: u64,
    /// In which squad.
    pub squad: SquadId,
    /// When.
    pub at: Timestamp,
    /// Who said it.
    pub from: Actor,
    /// To whom.
    pub to: Recipient,
    /// What it is.
    pub kind: MessageKind,
    /// The words.
    pub content: String,
}

impl MessageRow {
    /// The place of this message, for the page after it.
    #[must_use]
    pub fn cursor(&self) -> MessageCursor {
        MessageCursor { at: self.at, execution: self.execution, seq: self.seq }
    }
}

/// A place in a list of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageCursor {
    /// When the message was sent.
    pub at: Timestamp,
    /// In which execution.
    pub execution: ExecutionId,
    /// Which event of it.
    pub seq: u64,
}

/// Which messages a list shows: those that are everything that is said here. The default: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Only those in an execution.
    pub execution: Option<ExecutionId>,
    /// Only those in a squad.
    pub squad: Option<SquadId>,
    /// Only those that somebody sent.
    pub from: Option<Actor>,
    /// Only those to somebody. Those to everyone are to nobody in particular.
    pub to: Option<Recipient>,
    /// Only those of a kind.
    pub kind: Option<MessageKind>,
    /// Only those with all of these words.
    pub text: Option<String>,
    /// Only those from this moment on.
    pub since: Option<Timestamp>,
    /// Only those before this moment.
    pub until: Option<Timestamp>,
}

/// Where messages are counted, or a conversation is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageScope {
    /// In one execution.
    Execution(ExecutionId),
    /// In all executions of a squad.
    Squad(SquadId),
}

/// How many messages there are. The most numerous come first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageStatistics {
    /// In all.
    pub total: u64,
    /// By who sent them.
    pub senders: Vec<(Actor, u64)>,
    /// By what they are.
    pub kinds: Vec<(MessageKind, u64)>,
    /// By who sent them to whom.
    pub pairs: Vec<(Actor, Recipient, u64)>,
}

const COLUMNS: &str = "m.execution_id, m.seq, m.squad_id, m.at, m.sender, m.recipient, m.kind, m.content";

/// As the log writes it.
fn recipient_text(recipient: &Recipient) -> String {
    text(&recipient.address())
}

fn sender(text: String) -> Result<Actor, StorageError> {
    Actor::try_from(text).map_err(|error| StorageError::Unreadable {
        what: "the sender of a message".to_owned(),
        why: error.to_string(),
    })
}

fn recipient(text: &str) -> Result<Recipient, StorageError> {
    Recipient::from_address(text).ok_or_else(|| StorageError::Unreadable {
        what: "the recipient of a message".to_owned(),
        why: format!("`{text}` is none"),
    })
}

fn kind(text: &str) -> Result<MessageKind, StorageError> {
    from_json("the kind of a message", &format!("\"{text}\""))
}

fn message(row: &QueryResult) -> Result<MessageRow, StorageError> {
    Ok(MessageRow {
        execution: ExecutionId(row.try_get("", "execution_id")?),
        seq: number(row.try_get("", "seq")?),
        squad: SquadId(row.try_get("", "squad_id")?),
        at: timestamp(row.try_get("", "at")?),
        from: sender(row.try_get("", "sender")?)?,
        to: recipient(&row.try_get::<String>("", "recipient")?)?,
        kind: kind(&row.try_get::<String>("", "kind")?)?,
        content: row.try_get("", "content")?,
    })
}

impl MessageScope {
    fn narrow(self, conditions: &mut Conditions) {
        match self {
            Self::Execution(execution) => conditions.equal("m.execution_id", Some(execution.0)),
            Self::Squad(squad) => conditions.equal("m.squad_id", Some(squad.0)),
        }
    }
}

impl MessageFilter {
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::of_table("m");
        conditions.equal("m.execution_id", self.execution.map(|execution| execution.0));
        conditions.equal("m.squad_id", self.squad.map(|squad| squad.0));
        conditions.equal("m.sender", self.from.as_ref().map(|from| text(&from.to_string())));
        conditions.equal("m.recipient", self.to.as_ref().map(recipient_text));
        conditions.equal("m.kind", self.kind.map(MessageKind::slug));
        for (moment, comparison) in [(self.since, ">="), (self.until, "<")] {
            if let Some(moment) = moment {
                let moment = conditions.bind(micros(moment));
                conditions.and(&format!("m.at {comparison} {moment}"));
            }
        }
        and_words(&mut conditions, self.text.as_deref().unwrap_or_default(), |_, _, holds| {
            holds("m.content")
        });
        conditions
    }
}

/// Only messages on one side of a place.
fn beyond(conditions: &mut Conditions, comparison: &str, cursor: Option<MessageCursor>) {
    if let Some(MessageCursor { at, execution, seq }) = cursor {
        let (at, execution) = (conditions.bind(micros(at)), conditions.bind(execution.0));
        let seq = conditions.bind(count(seq));
        conditions.and(&format!("(m.at, m.execution_id, m.seq) {comparison} ({at}, {execution}, {seq})"));
    }
}

/// The most numerous first; those that are as many stay in their order.
fn ranked<T: Ord>(counts: impl IntoIterator<Item = (T, u64)>) -> Vec<(T, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(one, many), (other, more)| more.cmp(many).then_with(|| one.cmp(other)));
    counts
}

impl Tenant {
    /// At most `limit` messages, newest first, those before the place `before` only.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn messages(
        &self,
        filter: &MessageFilter,
        before: Option<MessageCursor>,
        limit: u64,
    ) -> Result<Vec<MessageRow>, StorageError> {
        let mut conditions = filter.conditions();
        beyond(&mut conditions, "<", before);
        let limit = conditions.bind(count(limit));
        let sql = format!(
            "SELECT {COLUMNS} FROM agent_messages m WHERE {} \
             ORDER BY m.at DESC, m.execution_id DESC, m.seq DESC LIMIT {limit}",
            conditions.sql()
        );
        self.all(&sql, conditions.into_values()).await?.iter().map(message).collect()
    }

    /// A message.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn message(
        &self,
        execution: ExecutionId,
        seq: u64,
    ) -> Result<Option<MessageRow>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM agent_messages m WHERE m.org_id = $1 AND m.execution_id = $2 AND m.seq = $3"
        );
        self.one(&sql, [execution.0.into(), count(seq).into()]).await?.as_ref().map(message).transpose()
    }

    /// What two members said to each other and to nobody else: at most `limit` messages, oldest first, those after the
    /// place `after` only.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn conversation(
        &self,
        scope: MessageScope,
        between: (&MemberName, &MemberName),
        after: Option<MessageCursor>,
        limit: u64,
    ) -> Result<Vec<MessageRow>, StorageError> {
        let mut conditions = Conditions::of_table("m");
        scope.narrow(&mut conditions);
        // A member is written alike on both sides.
        let side = |name: &MemberName| recipient_text(&Recipient::Member(name.clone()));
        let (one, other) = (conditions.bind(side(between.0)), conditions.bind(side(between.1)));
        conditions.and(&format!(
            "(m.sender = {one} AND m.recipient = {other}) OR (m.sender = {other} AND m.recipient = {one})"
        ));
        beyond(&mut conditions, ">", after);
        let limit = conditions.bind(count(limit));
        let sql = format!(
            "SELECT {COLUMNS} FROM agent_messages m WHERE {} ORDER BY m.at, m.execution_id, m.seq LIMIT {limit}",
            conditions.sql()
        );
        self.all(&sql, conditions.into_values()).await?.iter().map(message).collect()
    }

    /// Who sends how many messages of which kind to whom.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn message_statistics(&self, scope: MessageScope) -> Result<MessageStatistics, StorageError> {
        let mut conditions = Conditions::of_table("m");
        scope.narrow(&mut conditions);
        let sql = format!(
            "SELECT m.sender, m.recipient, m.kind, count(*) AS n FROM agent_messages m WHERE {} \
             GROUP BY m.sender, m.recipient, m.kind",
            conditions.sql()
        );
        let mut total = 0;
        let (mut senders, mut kinds, mut pairs) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for row in self.all(&sql, conditions.into_values()).await? {
            let n = number(row.try_get("", "n")?);
            let from = sender(row.try_get("", "sender")?)?;
            let to: String = row.try_get("", "recipient")?;
            total += n;
            *senders.entry(from.clone()).or_default() += n;
            *kinds.entry(kind(&row.try_get::<String>("", "kind")?)?).or_default() += n;
            *pairs.entry((from, to)).or_default() += n;
        }
        let pairs = ranked(pairs).into_iter().map(|((from, to), n)| Ok((from, recipient(&to)?, n)));
        Ok(MessageStatistics {
            total,
            senders: ranked(senders),
            kinds: ranked(kinds),
            pairs: pairs.collect::<Result<_, StorageError>>()?,
        })
    }
}
