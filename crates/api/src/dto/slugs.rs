//! Words of the domain, as schemas: one definition there, one list here.

use squad_domain::execution::Status;
use squad_domain::permission::{OrgRole, Permission};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// Where an execution stands.
pub(crate) fn status() -> Object {
    one_of(Status::ALL.iter().map(|status| status.slug()))
}

/// What somebody is in an organization.
pub(crate) fn role() -> Object {
    one_of(OrgRole::ALL.iter().map(|role| role.slug()))
}

/// What an API key may be used for.
pub(crate) fn permission() -> Object {
    one_of(Permission::ALL.iter().map(|permission| permission.slug()))
}
