//! Typed identifiers. Ids of rows are UUIDv7, made by the injected clock; ids within an execution are readable strings.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The last eight hexadecimal digits: what people see and type. The front of a UUIDv7 is its time, so
            /// two that were made together differ only here.
            #[must_use]
            pub fn short(&self) -> String {
                let text = self.0.simple().to_string();
                text[text.len() - 8..].to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

uuid_id! {
    /// An organization: the tenant.
    OrgId,
    /// A squad.
    SquadId,
    /// An execution.
    ExecutionId,
    /// A person with an account.
    UserId,
    /// A sign-in on one device, until it is ended.
    SessionId,
}

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    )+};
}

text_id! {
    /// A member's name, unique within its squad: how teammates, people and the log refer to it.
    MemberName,
    /// A sub-task of a plan: `s1`, or `fix-1` for one that a failed check caused.
    SubtaskId,
    /// A lane: one member's conversation for one duty, for example `work/s1/2` (second round).
    LaneId,
    /// A step with an effect outside the log, for example `work/s1/1#4/tool/0`. Stable: the same step of the same
    /// history always has the same key, which is how a resumed execution knows what is done already.
    StepKey,
    /// A question, to a person or to a member: `q1`, `q2`, … in the order asked.
    QuestionId,
    /// A git commit, in hexadecimal.
    CommitId,
    /// A git tree, in hexadecimal: a checkpoint of a worktree's files.
    TreeId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_tell_neighbours_apart() {
        let id = |text: &str| -> ExecutionId { text.parse().unwrap() };
        let first = id("019a8f00-0000-7000-8000-0000aaaa0001");
        let second = id("019a8f00-0000-7000-8000-0000aaaa0002");
        assert_eq!(first.short(), "aaaa0001");
        assert_ne!(first.short(), second.short());
    }
}
