//! Where a repository comes from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::git::redact;

/// A repository that a person named: a folder on this machine, or a URL.
///
/// `file://` URLs are local paths: a push through them would run the hooks of that repository with our rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A folder: a checkout, a linked worktree, a bare repository, or a folder inside a checkout.
    Local(PathBuf),
    /// `https://`, `http://`, `ssh://`, `git://` or `user@host:path`.
    Url(String),
}

impl Source {
    /// The same source, with a relative path taken from `folder`, so that it still holds in another process.
    #[must_use]
    pub fn resolved(self, folder: &Path) -> Source {
        match self {
            Source::Local(path) => Source::Local(folder.join(path)),
            url => url,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Local(path) => write!(f, "{}", path.display()),
            Source::Url(url) => f.write_str(&redact(url)),
        }
    }
}

impl FromStr for Source {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |reason| Err(Error::InvalidSource { url: redact(text).into_owned(), reason });
        if text.is_empty() || text.contains(['\0', '\n']) {
            return refuse("it is empty or contains a line break");
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return match scheme.to_ascii_lowercase().as_str() {
                "file" => {
                    let path = rest.strip_prefix("localhost").unwrap_or(rest);
                    if !path.starts_with('/') {
                        return refuse("a `file://` URL needs an absolute path");
                    }
                    Ok(Source::Local(percent_decode(path)))
                }
                "https" | "http" | "ssh" | "git" if rest.starts_with('-') => {
                    refuse("its host begins with `-`")
                }
                // A run is resumed from its log, which keeps no secret: what stood here would be missing then.
                "https" | "http" if rest.split('/').next().is_some_and(|host| host.contains('@')) => {
                    refuse("it holds credentials; let git's credential helper give them")
                }
                "https" | "http" | "ssh" | "git" => Ok(Source::Url(text.to_owned())),
                _ => refuse("its scheme is not offered"),
            };
        }
        if text.contains("::") && !Path::new(text).exists() {
            return refuse("transport helpers are not offered");
        }
        // git's own rule for `host:path`: a colon before the first slash, unless such a file exists.
        let colon = text.find(':');
        let slash = text.find('/').unwrap_or(text.len());
        if colon.is_some_and(|at| at > 0 && at < slash) && !Path::new(text).exists() {
            return if text.starts_with('-') {
                refuse("its host begins with `-`")
            } else {
                Ok(Source::Url(text.to_owned()))
            };
        }
        Ok(Source::Local(PathBuf::from(text)))
    }
}

fn percent_decode(text: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits fit a byte"));
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_urls_are_told_apart() {
        let parse = |text: &str| text.parse::<Source>();
        assert_eq!(parse("../x").unwrap(), Source::Local("../x".into()));
        assert_eq!(parse("../x").unwrap().resolved(Path::new("/a")), Source::Local("/a/../x".into()));
        assert_eq!(parse("file:///a%20b").unwrap(), Source::Local("/a b".into()));
        assert_eq!(
            parse("git@host.example:a/b.git").unwrap(),
            Source::Url("git@host.example:a/b.git".into())
        );
        assert_eq!(parse("ssh://git@h.example/r").unwrap().to_string(), "ssh://git@h.example/r");
        let refused = parse("https://u:secret@h.example/r").unwrap_err().to_string();
        assert!(refused.contains("credential helper") && !refused.contains("secret"), "{refused}");
        for bad in ["ext::sh -c id", "-x@host:p", "ssh://-oProxyCommand=id/x", "ftp://x/y", "", "file://x"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
