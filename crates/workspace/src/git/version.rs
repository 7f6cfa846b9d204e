use std::fmt;

use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::Git;
use crate::error::{Error, Result};

/// A version of git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GitVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
}

impl GitVersion {
    /// The first release with `git merge-tree --write-tree`.
    pub const MINIMUM: GitVersion = GitVersion { major: 2, minor: 38 };

    /// The installed version. Once it was found to be new enough, it is not asked again while the process lives.
    ///
    /// # Errors
    /// [`Error::GitMissing`] and [`Error::GitTooOld`] say what to install.
    pub async fn probe() -> Result<GitVersion> {
        static FOUND: OnceCell<GitVersion> = OnceCell::const_new();
        FOUND.get_or_try_init(Self::ask).await.copied()
    }

    async fn ask() -> Result<GitVersion> {
        let said = Git::bare().command(["version"]).line().await?;
        let found = Self::parse(&said)
            .ok_or_else(|| Error::Unexpected { command: "version".to_owned(), detail: said.clone() })?;
        if found < Self::MINIMUM {
            return Err(Error::GitTooOld { found, minimum: Self::MINIMUM });
        }
        Ok(found)
    }

    /// Reads `git version 2.47.3`, `git version 2.39.5 (Apple Git-154)`, `git version 2.45.1.windows.1`.
    fn parse(said: &str) -> Option<GitVersion> {
        let mut numbers = said.strip_prefix("git version ")?.split('.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        Some(GitVersion { major, minor })
    }
}

impl fmt::Display for GitVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_all_vendors_are_read() {
        let parse = |text| GitVersion::parse(text).map(|v| (v.major, v.minor));
        assert_eq!(parse("git version 2.47.3"), Some((2, 47)));
        assert_eq!(parse("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(parse("git version 2.45.1.windows.1"), Some((2, 45)));
        assert_eq!(parse("git version 2.38-rc1"), Some((2, 38)));
        assert_eq!(parse("hg 6"), None);
    }

    #[tokio::test]
    async fn the_installed_git_is_new_enough() {
        assert!(GitVersion::probe().await.unwrap() >= GitVersion::MINIMUM);
    }
}
