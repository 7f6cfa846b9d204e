//! The key that seals what is secret in the database: from a variable, or from a file that is made on first use.

use crate::error::CliError;
use squad_secrets::seal::{MasterKey, MasterKeys};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use tempfile::NamedTempFile;

const VARIABLE: &str = "SQUAD_MASTER_KEY";
const OLD_VARIABLE: &str = "SQUAD_OLD_MASTER_KEYS";
const FILE: &str = "master.key";

/// The master keys.
///
/// # Errors
/// Where a key is none, or the file cannot be read or made.
pub(crate) fn read(data_dir: &Path) -> Result<MasterKeys, CliError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
    let parse = |origin: &str, text: &str| {
        MasterKey::parse(text).map_err(|error| CliError::Usage(format!("{origin}: {error}")))
    };
    let current = match variable(VARIABLE) {
        Some(text) => parse(VARIABLE, &text)?,
        None => from_file(&data_dir.join(FILE))?,
    };
    let mut keys = MasterKeys::new(current);
    for old in variable(OLD_VARIABLE).unwrap_or_default().split(',').filter(|old| !old.trim().is_empty()) {
        keys = keys.with_old(parse(OLD_VARIABLE, old)?);
    }
    Ok(keys)
}

fn from_file(path: &Path) -> Result<MasterKey, CliError> {
    let failed = |action| move |source| CliError::File { action, path: path.to_owned(), source };
    let read = || {
        let text = std::fs::read_to_string(path).map_err(failed("read"))?;
        MasterKey::parse(&text)
            .map_err(|error| CliError::Usage(format!("the master key in `{}`: {error}", path.display())))
    };
    if path.exists() {
        return read();
    }
    let key = MasterKey::generate();
    let folder = path.parent().unwrap_or(Path::new("."));
    // Written whole before it has its name; readable by its owner alone from the start.
    let mut file = NamedTempFile::new_in(folder).map_err(failed("write"))?;
    file.write_all(key.to_base64().as_bytes())
        .and_then(|()| file.as_file().sync_all())
        .map_err(failed("write"))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(key),
        // Of two servers that start at once, the second takes what the first wrote.
        Err(lost) if lost.error.kind() == ErrorKind::AlreadyExists => read(),
        Err(lost) => Err(failed("write")(lost.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_file_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let first = from_file(&path).unwrap();
        assert_eq!(from_file(&path).unwrap().id(), first.id());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "not a key").unwrap();
        assert!(from_file(&path).is_err());
    }
}
