//! What goes over the wire. The domain's types stay where they are: each of these is made from one by a `From`.

pub(crate) mod api_key;
pub(crate) mod audit;
pub(crate) mod execution;
pub(crate) mod feedback;
pub(crate) mod message;
pub(crate) mod moment;
pub(crate) mod money;
pub(crate) mod organization;
pub(crate) mod patch;
pub(crate) mod profile;
pub(crate) mod project;
pub(crate) mod rules;
pub(crate) mod second_factor;
pub(crate) mod slugs;
pub(crate) mod squad;
pub(crate) mod squad_member;
pub(crate) mod task;
pub(crate) mod user;
pub(crate) mod webhook;
