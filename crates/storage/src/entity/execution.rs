//! A row per execution: what lists show, what a claim looks at.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "executions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub short_id: String,
    pub org_id: Uuid,
    pub squad_id: Uuid,
    pub title: String,
    pub repository: String,
    pub branch: Option<String>,
    pub status: String,
    pub reason: String,
    pub paused: bool,
    pub cost: i64,
    pub last_seq: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub runnable: bool,
    pub served_at: i64,
    pub lease_owner: Option<String>,
    pub lease_until: Option<i64>,
    pub lease_reclaimed: bool,
    pub fence: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
