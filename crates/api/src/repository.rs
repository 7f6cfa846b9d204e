//! Which repositories the server works on: URLs without credentials; paths on its own disk only where the operator and
//! the caller's role allow it.

use crate::app::App;
use crate::extract::Permitted;
use crate::problem::{Answer, Problem};
use squad_domain::permission::OrgRole;
use squad_engine::Place;

/// The repository as it goes into projects and executions.
pub(crate) fn checked<P>(app: &App, permitted: &Permitted<P>, field: &str, text: &str) -> Answer<String> {
    let text = text.trim();
    if holds_secret(text) {
        return Err(Problem::field(
            field,
            "holds a user with a password or a token; leave that out, and store it at `PUT /projects/{id}/credentials`",
        ));
    }
    let place = squad_engine::place(text).map_err(|error| Problem::field(field, error.to_string()))?;
    if place == Place::Elsewhere {
        return Ok(text.to_owned());
    }
    if !(app.config().local_repositories && permitted.role >= OrgRole::Admin) {
        return Err(Problem::field(
            field,
            "is a path on the server; use a URL, or let an admin do it on a server that allows paths",
        ));
    }
    if !text.starts_with('/') && !text.starts_with("file://") {
        return Err(Problem::field(field, "is not a whole path; begin it with `/`"));
    }
    Ok(text.to_owned())
}

/// Whether a URL names more than a host: a password anywhere, or a user where a user may be a token.
fn holds_secret(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.contains(':') || scheme.to_ascii_lowercase().starts_with("http")
}
