//! What follows from an event, in the tables that people and the engine look things up in.

use super::Owner;
use super::announce::{self, Standing};
use crate::convert::{count, micros, text, to_json};
use crate::dialect::one;
use crate::entity::{agent_message, lane, memory, question};
use crate::error::{AppendError, StorageError};
use crate::money::{self, BudgetScope, Path, Settlement};
use crate::tenant::NewWebhookEvent;
use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _};
use squad_domain::execution::{Event, EventBody, Status};
use squad_domain::ids::{ExecutionId, LaneId, OrgId, QuestionId, SquadId};
use squad_domain::message::{Actor, AgentMessage, Recipient};
use squad_domain::question::{Answer, Question, Subject};

/// The execution's row while events are applied to it.
pub(super) struct Projection {
    pub(super) owner: Owner,
    pub(super) repository: String,
    pub(super) title: String,
    pub(super) status: Status,
    pub(super) reason: String,
    pub(super) paused: bool,
    pub(super) branch: Option<String>,
    /// What the settled calls of these events cost, in micro-dollars.
    pub(super) cost: i64,
}

impl Projection {
    pub(super) async fn apply(
        &mut self,
        transaction: &DatabaseTransaction,
        event: &Event,
    ) -> Result<(), AppendError> {
        match &event.body {
            EventBody::StateChanged { to, reason, .. } => {
                self.status = *to;
                self.reason.clone_from(reason);
            }
            EventBody::Paused {} => self.paused = true,
            EventBody::Resumed {} => self.paused = false,
            EventBody::Delivered { delivery } => self.branch = Some(delivery.branch.clone()),
            EventBody::LaneOpened { lane, member, duty, .. } => {
                let row = lane::Model {
                    execution_id: self.owner.execution,
                    lane: text(lane.as_str()),
                    org_id: self.owner.org,
                    member: text(member.as_str()),
                    duty: duty.slug().to_owned(),
                };
                lane::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
            }
            EventBody::ModelCallStarted { step, lane, purpose, candidates, reserved } => {
                let call = money::StartedCall {
                    step,
                    lane,
                    purpose: *purpose,
                    asked: candidates.first().map(ToString::to_string).unwrap_or_default(),
                    reserved: *reserved,
                    at: event.at,
                };
                let path = self.path(transaction, lane).await?;
                money::reserve(transaction, &path, &call).await?;
            }
            EventBody::ModelCallFinished { step, .. } | EventBody::ModelCallFailed { step, .. } => {
                if let Some(settlement) = Settlement::of(&event.body, event.at) {
                    self.cost += money::settle(transaction, &self.scopes(), step, &settlement).await?;
                }
            }
            EventBody::MessageSent { message } => self.message(transaction, event, message).await?,
            EventBody::QuestionAsked { question } => self.asked(transaction, event, question).await?,
            EventBody::QuestionAnswered { question, answer } => {
                self.answered(transaction, event, question, answer).await?;
            }
            EventBody::BudgetSet { member, limit } => {
                let execution = ExecutionId(self.owner.execution);
                let scope = match member {
                    Some(name) => BudgetScope::Member(execution, name.clone()),
                    None => BudgetScope::Execution(execution),
                };
                money::set_limit(transaction, &scope, Some(*limit)).await?;
            }
            EventBody::Remembered { lane, text: words, tags } => {
                let row = memory::Model {
                    execution_id: self.owner.execution,
                    seq: count(event.seq),
                    org_id: self.owner.org,
                    squad_id: self.owner.squad,
                    repository: self.repository.clone(),
                    member: self.member(transaction, lane).await?,
                    at: micros(event.at),
                    text: text(words),
                    tags: to_json(tags)?,
                };
                memory::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// What other systems are told of an event that was applied just now.
    pub(super) fn news(&self, event: &Event) -> Result<Option<NewWebhookEvent>, StorageError> {
        let standing = Standing {
            title: &self.title,
            status: self.status,
            reason: &self.reason,
            branch: self.branch.as_deref(),
        };
        announce::news(self.owner, event, standing)
    }

    /// After the last event: what has ended holds nothing back.
    pub(super) async fn finish(&self, transaction: &DatabaseTransaction) -> Result<(), AppendError> {
        if self.status.is_terminal() {
            money::release_all(transaction, &self.scopes()).await?;
        }
        Ok(())
    }

    fn scopes(&self) -> money::Scopes {
        money::Scopes {
            org: OrgId(self.owner.org),
            squad: SquadId(self.owner.squad),
            execution: ExecutionId(self.owner.execution),
        }
    }

    async fn path(&self, transaction: &DatabaseTransaction, lane: &LaneId) -> Result<Path, StorageError> {
        let member = self.member(transaction, lane).await?;
        Ok(Path { scopes: self.scopes(), member: member.as_str().into() })
    }

    /// Whose lane it is.
    async fn member(&self, transaction: &DatabaseTransaction, lane: &LaneId) -> Result<String, StorageError> {
        let row = one(
            transaction,
            "SELECT member FROM lanes WHERE execution_id = $1 AND lane = $2",
            [self.owner.execution.into(), text(lane.as_str()).into()],
        )
        .await?
        .ok_or_else(|| StorageError::NotFound { what: format!("the lane `{lane}` of the execution") })?;
        Ok(row.try_get("", "member")?)
    }

    async fn message(
        &self,
        transaction: &DatabaseTransaction,
        event: &Event,
        message: &AgentMessage,
    ) -> Result<(), AppendError> {
        let recipient = match &message.to {
            Recipient::Everyone => "everyone".to_owned(),
            Recipient::Member(name) => format!("member:{name}"),
            Recipient::Person => "person".to_owned(),
        };
        let row = agent_message::ActiveModel {
            execution_id: Set(self.owner.execution),
            seq: Set(count(event.seq)),
            org_id: Set(self.owner.org),
            squad_id: Set(self.owner.squad),
            at: Set(micros(event.at)),
            sender: Set(text(&message.from.to_string())),
            recipient: Set(text(&recipient)),
            kind: Set(to_json(&message.kind)?.trim_matches('"').to_owned()),
            content: Set(text(&message.content)),
        };
        agent_message::Entity::insert(row).exec_without_returning(transaction).await?;
        Ok(())
    }

    async fn asked(
        &self,
        transaction: &DatabaseTransaction,
        event: &Event,
        asked: &Question,
    ) -> Result<(), AppendError> {
        let row = question::Model {
            execution_id: self.owner.execution,
            question: text(asked.id.as_str()),
            org_id: self.owner.org,
            asked_at: micros(event.at),
            payload: to_json(asked)?,
            answered_at: None,
            answered_by: None,
        };
        question::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
        Ok(())
    }

    /// The first answer counts. One that raises a budget raises the very limit that the fold raises: that of the member
    /// who asked, else that of the execution.
    async fn answered(
        &self,
        transaction: &DatabaseTransaction,
        event: &Event,
        id: &QuestionId,
        answer: &Answer,
    ) -> Result<(), AppendError> {
        let row = one(
            transaction,
            "UPDATE questions SET answered_at = $1, answered_by = $2 \
             WHERE execution_id = $3 AND question = $4 AND answered_at IS NULL RETURNING payload",
            [
                micros(event.at).into(),
                text(&event.actor.to_string()).into(),
                self.owner.execution.into(),
                text(id.as_str()).into(),
            ],
        )
        .await?;
        let Some(row) = row else { return Ok(()) };
        let question: Question =
            crate::convert::from_json("a question", &row.try_get::<String>("", "payload")?)?;
        if let (Subject::Budget { .. }, Answer::RaiseBudget { limit }) = (&question.subject, answer) {
            let execution = ExecutionId(self.owner.execution);
            let scope = match question.from {
                Actor::Member(name) => BudgetScope::Member(execution, name),
                _ => BudgetScope::Execution(execution),
            };
            money::set_limit(transaction, &scope, Some(*limit)).await?;
        }
        Ok(())
    }
}
