//! Object names as git prints them: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The hexadecimal digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self, Error> {
                let text = text.trim();
                let hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
                if hex && matches!(text.len(), 40 | 64) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(Error::InvalidObjectId { text: text.to_owned() })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<Self, Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

object_id!(
    /// A commit.
    CommitId
);
object_id!(
    /// A tree: the exact files of a workspace at one moment.
    TreeId
);

/// What trees are compared and read by: a tree, or the tree of a commit.
pub trait TreeLike: Sync {
    /// The object name that git resolves to a tree.
    fn object(&self) -> &str;
}

impl TreeLike for TreeId {
    fn object(&self) -> &str {
        self.as_str()
    }
}

impl TreeLike for CommitId {
    fn object(&self) -> &str {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_lower_case_object_names_are_taken() {
        assert!("4b825dc642cb6eb9a060e54bf8d69288fbee4904".parse::<TreeId>().is_ok());
        for bad in ["HEAD", "--all", "4b825dc", "4B825DC642CB6EB9A060E54BF8D69288FBEE4904", ""] {
            assert!(bad.parse::<CommitId>().is_err(), "{bad}");
        }
    }
}
