//! The words of the task board.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $slug:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in the database and on the wire.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// The one of that name.
            #[must_use]
            pub fn from_slug(slug: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.slug() == slug)
            }
        }
    };
}

words! {
    /// A column of the board, from left to right.
    TaskState {
        /// Perhaps, one day.
        Backlog "backlog",
        /// Next.
        Todo "todo",
        /// Somebody works on it.
        InProgress "in_progress",
        /// It waits for somebody to look at it.
        InReview "in_review",
        /// Done.
        Done "done",
        /// It will not be done.
        Cancelled "cancelled",
    }
}

words! {
    /// How much a task matters, from the least to the most.
    TaskPriority {
        /// When there is nothing else to do.
        Low "low",
        /// As most.
        Medium "medium",
        /// Before most.
        High "high",
        /// Before everything.
        Urgent "urgent",
    }
}

impl TaskState {
    /// Whether nobody waits for the task any more.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_database_are_those_on_the_wire() {
        for state in TaskState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.slug());
        }
        for priority in TaskPriority::ALL {
            assert_eq!(serde_json::to_value(priority).unwrap(), priority.slug());
        }
    }
}
