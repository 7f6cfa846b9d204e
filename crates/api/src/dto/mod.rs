//! What goes over the wire. The domain's types stay where they are: each of these is made from one by a `From`.

pub(crate) mod execution;
pub(crate) mod moment;
pub(crate) mod money;
pub(crate) mod rules;
pub(crate) mod slugs;
pub(crate) mod user;
