/// Why a file tool refused. The messages are written for the model that reads them: they say what to do instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The path leads out of the workspace.
    #[error("`{path}` leads out of the workspace; use a path relative to the repository's root")]
    Outside {
        /// As given.
        path: String,
    },
    /// Git's own data.
    #[error("`{path}` belongs to git's own data, which tools may not touch; git is handled for you")]
    GitData {
        /// As given.
        path: String,
    },
    /// A symbolic link stands in the path.
    #[error("`{path}` is a symbolic link to `{target}`; tools do not follow links, name the file itself")]
    Link {
        /// Up to and including the link.
        path: String,
        /// What the link says.
        target: String,
    },
    /// The member's policy forbids the path.
    #[error("you may not {action} `{path}`: {reason}")]
    Denied {
        /// `read` or `change`.
        action: &'static str,
        /// The path.
        path: String,
        /// Which rule says so.
        reason: String,
    },
    /// Nothing is there.
    #[error("there is no `{path}`; use `list_files` or `search_code` to find the right path")]
    NotFound {
        /// The path.
        path: String,
    },
    /// A folder where a file is needed.
    #[error("`{path}` is a folder, not a file")]
    IsFolder {
        /// The path.
        path: String,
    },
    /// A file where a folder is needed.
    #[error("`{path}` is a file, not a folder")]
    IsFile {
        /// The path.
        path: String,
    },
    /// A device, socket or pipe.
    #[error("`{path}` is neither a file nor a folder")]
    Special {
        /// The path.
        path: String,
    },
    /// Too large for a tool that keeps files in memory.
    #[error("`{path}` has {size} bytes, more than the {limit} that this tool handles; use a command for it")]
    TooLarge {
        /// The path.
        path: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The requested lines are beyond the end.
    #[error("`{path}` has {lines} lines; line {start} is beyond its end")]
    BeyondEnd {
        /// The path.
        path: String,
        /// How many lines there are.
        lines: usize,
        /// The first line asked for.
        start: usize,
    },
    /// The text to replace is not in the file.
    #[error(
        "the text to replace was not found in `{path}`{hint}; nothing was changed: read the file again and copy the text exactly"
    )]
    NoMatch {
        /// The path.
        path: String,
        /// Where something similar stands; may be empty.
        hint: String,
    },
    /// The text to replace is there more than once.
    #[error(
        "the text to replace stands in `{path}` {count} times, at lines {lines}; nothing was changed: add lines around it until it is unique, or set `replace_all`"
    )]
    ManyMatches {
        /// The path.
        path: String,
        /// How often.
        count: usize,
        /// The first line numbers.
        lines: String,
    },
    /// An edit that changes nothing.
    #[error("the edit of `{path}` would change nothing: {reason}")]
    NothingToDo {
        /// The path.
        path: String,
        /// Why.
        reason: &'static str,
    },
    /// A regular expression or glob that cannot be read.
    #[error("`{pattern}` is not a valid {kind}: {reason}")]
    InvalidPattern {
        /// As given.
        pattern: String,
        /// `regular expression` or `glob`.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The operating system refused.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The path.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
}

impl FileError {
    pub(crate) fn io(
        action: &'static str,
        path: impl std::fmt::Display,
    ) -> impl FnOnce(std::io::Error) -> FileError {
        let path = path.to_string();
        move |source| match source.kind() {
            std::io::ErrorKind::NotFound => FileError::NotFound { path },
            _ => FileError::Io { action, path, source },
        }
    }
}
