//! Limits, what is spent, and what is set aside. `scope` is the key, `execution_id` and `member` are for look-ups.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "budgets")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: String,
    pub org_id: Uuid,
    pub execution_id: Option<Uuid>,
    pub member: Option<String>,
    pub limit_amount: Option<i64>,
    pub spent: i64,
    pub reserved: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
