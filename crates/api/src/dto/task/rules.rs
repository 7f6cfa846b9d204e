//! What fits into a task.

use crate::dto::moment::Moment;
use crate::dto::rules;
use garde::Error;
use squad_storage::MAX_TASK_LABELS;

/// Longest title, in characters.
pub(crate) const TITLE: usize = 200;
/// Longest description or comment, in bytes.
pub(crate) const DESCRIPTION: usize = 64_000;
/// Longest label, in characters.
const LABEL: usize = 50;
/// Longest web address, in bytes.
const ADDRESS: usize = 2_000;
/// The last second of the year 9999: later ones cannot be written as RFC 3339 has it.
const LAST_SECOND: i64 = 253_402_300_799;

/// As many labels as a task may have, each a line.
pub(crate) fn labels(labels: &[String], context: &()) -> garde::Result {
    if labels.len() > MAX_TASK_LABELS {
        return Err(Error::new(format!("has at most {MAX_TASK_LABELS} labels")));
    }
    labels.iter().try_for_each(|label| rules::line::<LABEL>(label, context))
}

/// Labels that may be left out.
pub(crate) fn optional_labels(these: &Option<Vec<String>>, context: &()) -> garde::Result {
    these.as_deref().map_or(Ok(()), |these| labels(these, context))
}

/// A moment until which something can be done.
pub(crate) fn due(at: &Option<Moment>, (): &()) -> garde::Result {
    match at {
        Some(at) if !(0..=LAST_SECOND).contains(&at.0.unix_timestamp()) => {
            Err(Error::new("is between the years 1970 and 9999"))
        }
        _ => Ok(()),
    }
}

/// An address that a page may link to: nothing that a browser would run.
pub(super) fn web_address(url: &Option<String>, (): &()) -> garde::Result {
    let Some(url) = url else { return Ok(()) };
    let plain = url.len() <= ADDRESS && !url.chars().any(|c| c.is_control() || c.is_whitespace());
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if plain && matches!(scheme.as_deref(), Some("http" | "https")) {
        return Ok(());
    }
    Err(Error::new("write an address that begins with `https://` or `http://`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        for good in ["https://example.com/7", "HTTP://localhost:3000/#/7?x=y"] {
            assert!(web_address(&Some(good.to_owned()), &()).is_ok(), "{good}");
        }
        for bad in ["", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://a b", "/7"]
        {
            assert!(web_address(&Some(bad.to_owned()), &()).is_err(), "{bad}");
        }
    }
}
