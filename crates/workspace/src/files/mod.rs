//! The members' file tools. Every path is walked folder by folder through open descriptors: `..` cannot leave the
//! workspace, no symbolic link is followed, and `.git` is refused wherever it stands in a path.

mod change;
mod edit;
mod error;
mod list;
mod path;
mod policy;
mod read;
mod root;
mod search;
mod walk;

use std::path::Path;
use std::sync::Arc;

pub use change::Written;
pub use edit::Edited;
pub use error::FileError;
pub use list::{EntryKind, Listed, Listing};
pub use policy::PathPolicy;
pub use read::{FileContent, ReadText};
pub use search::{Match, SearchRequest, SearchResult};

pub(crate) use list::Size;
pub(crate) use path::RelativePath;
pub(crate) use root::Root;
pub(crate) use walk::{Enter, Visit, Walk};

use crate::owner::Owner;
use crate::repository::blocking;

type Result<T> = std::result::Result<T, FileError>;

/// The file tools of one workspace. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FileTools {
    root: Arc<Root>,
}

impl FileTools {
    /// Opens a folder. Paths under `mount` (say `/workspace`, where the sandbox shows it) are understood as paths in it;
    /// new files are given to `owner`.
    ///
    /// # Errors
    /// When the folder cannot be opened.
    pub fn open(folder: &Path, mount: Option<&str>, owner: Option<Owner>) -> Result<Self> {
        Ok(Self { root: Arc::new(Root::open(folder, mount, owner)?) })
    }

    /// A path as the repository names it: relative, without `.` and `..`, and without the mount in front. The root is `.`.
    ///
    /// # Errors
    /// When it leads out of the workspace or into git's own data.
    pub fn relative(&self, path: &str) -> Result<String> {
        Ok(self.root.parse(path)?.to_string())
    }

    /// The entries of a folder down to `depth` levels (1 shows the folder's own entries). Ignored folders are named, not entered.
    ///
    /// # Errors
    /// When the path is not a folder or may not be read.
    pub async fn list(&self, path: &str, depth: usize, policy: &PathPolicy) -> Result<Listing> {
        let (root, path, policy) = (Arc::clone(&self.root), path.to_owned(), policy.clone());
        blocking(move || list::list(&root, &path, depth, &policy)).await
    }

    /// The lines of a text file, from `start_line` to `end_line` (both counted from 1 and included), bounded.
    ///
    /// # Errors
    /// When the path is not a file or may not be read.
    pub async fn read(
        &self,
        path: &str,
        start_line: Option<usize>,
        end_line: Option<usize>,
        policy: &PathPolicy,
    ) -> Result<FileContent> {
        let (root, path, policy) = (Arc::clone(&self.root), path.to_owned(), policy.clone());
        blocking(move || read::read(&root, &path, start_line, end_line, &policy)).await
    }

    /// The lines that match a regular expression, in files that are not ignored.
    ///
    /// # Errors
    /// When the expression or the glob is not valid.
    pub async fn search(&self, request: SearchRequest, policy: &PathPolicy) -> Result<SearchResult> {
        let (root, policy) = (Arc::clone(&self.root), policy.clone());
        blocking(move || search::search(&root, &request, &policy)).await
    }

    /// Replaces a text in a file: the only place where it stands, or all of them with `replace_all`.
    ///
    /// # Errors
    /// When the text is not there or stands in several places (the message says where), or the path may not be written.
    pub async fn edit(
        &self,
        path: &str,
        old: &str,
        new: &str,
        replace_all: bool,
        policy: &PathPolicy,
    ) -> Result<Edited> {
        let (root, path, policy) = (Arc::clone(&self.root), path.to_owned(), policy.clone());
        let (old, new) = (old.to_owned(), new.to_owned());
        blocking(move || edit::edit(&root, &path, &old, &new, replace_all, &policy)).await
    }

    /// Writes a whole file, with the folders that lead to it.
    ///
    /// # Errors
    /// When the path is a folder or a link, or may not be written.
    pub async fn write(&self, path: &str, content: &str, policy: &PathPolicy) -> Result<Written> {
        let (root, path, policy, content) =
            (Arc::clone(&self.root), path.to_owned(), policy.clone(), content.to_owned());
        blocking(move || change::write(&root, &path, content.as_bytes(), &policy)).await
    }

    /// Deletes one file or symbolic link (the link, not what it points to).
    ///
    /// # Errors
    /// When the path is a folder or not there, or may not be written.
    pub async fn delete(&self, path: &str, policy: &PathPolicy) -> Result<()> {
        let (root, path, policy) = (Arc::clone(&self.root), path.to_owned(), policy.clone());
        blocking(move || change::delete(&root, &path, &policy)).await
    }
}
