//! `view_diff`: what differs between the lane's base and the files as they are now.

use squad_workspace::TreeId;

use super::paths::normal;
use super::perform::RESULT_BYTES;
use super::{Outcome, Surroundings};

/// More than is shown: of what is read, head and tail are kept.
const READ_BYTES: usize = 8 << 20;

pub(super) async fn view(path: Option<&str>, around: &Surroundings<'_>) -> Outcome {
    let path = match path.map(|path| (path, normal(path))) {
        Some((given, None)) => {
            return Outcome::error(format!(
                "`{given}` leads out of the workspace; use a path relative to the repository's root"
            ));
        }
        Some((_, Some(inside))) => Some(inside),
        None => None,
    };
    match difference(path.as_deref(), around).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::failed(&error),
    }
}

async fn difference(path: Option<&str>, around: &Surroundings<'_>) -> squad_workspace::Result<Outcome> {
    let repository = around.workspace.repository();
    // Whatever it names, git takes it as a tree.
    let base: TreeId = around.base.parse()?;
    let now = around.workspace.checkpoint().await?.tree;
    let diff = repository.diff(&base, &now, path, READ_BYTES).await?;
    if diff.text.trim().is_empty() {
        let of = path.map(|path| format!(" in `{path}`")).unwrap_or_default();
        return Ok(Outcome::told(format!("no changes{of}")));
    }
    if diff.text.len() <= RESULT_BYTES && !diff.truncated {
        return Ok(Outcome::told(diff.text));
    }
    // Which files there are is worth more than one file's middle.
    let changes = repository.changes(&base, &now).await?;
    let of_path = |changed: &str| {
        path.is_none_or(|path| {
            changed.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let listed: Vec<String> = changes
        .iter()
        .filter(|change| of_path(&change.path))
        .map(|change| format!("{} (+{} -{})", change.path, change.added, change.removed))
        .collect();
    let list = crate::text::bound(&listed.join("\n"), RESULT_BYTES / 4).into_owned();
    let room = RESULT_BYTES - list.len() - 300;
    let shown = crate::text::bound(&diff.text, room);
    Ok(Outcome::told(format!(
        "the diff is long and its middle is left out; call `view_diff` with a path for one file\n\n{list}\n\n{shown}"
    )))
}
