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
    if !(takes_paths(app, permitted) && permitted.role >= OrgRole::Admin) {
        return Err(Problem::field(
            field,
            "is a path on the server; use a URL, or let an admin of the installation's first organization do it on a server that only its own machine reaches",
        ));
    }
    if !text.starts_with('/') && !text.starts_with("file://") {
        return Err(Problem::field(field, "is not a whole path; begin it with `/`"));
    }
    Ok(text.to_owned())
}

/// Whether paths on the server's disk are repositories for the caller's organization. Anybody who makes an account owns an
/// organization: only the installation's own one counts.
fn takes_paths<P>(app: &App, permitted: &Permitted<P>) -> bool {
    app.config().local_repositories && permitted.org() == app.config().local_org
}

/// The repository of a project, where the server still works on such a one: it was checked when somebody who may stored
/// it, but paths may have been allowed then and not be now.
pub(crate) fn still_offered<P>(app: &App, permitted: &Permitted<P>, stored: &str) -> Answer<String> {
    let place =
        squad_engine::place(stored).map_err(|error| Problem::field("project_id", error.to_string()))?;
    if place == Place::Here && !takes_paths(app, permitted) {
        return Err(Problem::field(
            "project_id",
            "its repository is a path on the server, which this server does not take",
        ));
    }
    Ok(stored.to_owned())
}

/// Whether a URL names more than a host: a password anywhere, or a user where a user may be a token.
fn holds_secret(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.contains(':') || scheme.to_ascii_lowercase().starts_with("http")
}
