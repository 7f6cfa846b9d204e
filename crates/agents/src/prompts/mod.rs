//! The words that ship with the roles and duties. A folder may replace single files of them.

mod system;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use squad_domain::duty::Duty;
use squad_domain::role::Role;

static ROLE_FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/roles");
static DUTY_FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/duties");
static HOUSE: &str = include_str!("../../house.md");

/// The instructions of the condenser, which is no member's duty.
pub(crate) const SUMMARIZE: &str = "summarize";

/// The texts of house, roles, specializations and duties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompts {
    /// By path: `house.md`, `roles/tech_lead/role.md`, `duties/work.md`.
    files: BTreeMap<String, String>,
}

/// Why a folder of prompts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The operating system refused.
    #[error("cannot read the prompts in `{}`: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file that nothing would ever read.
    #[error(
        "`{path}` replaces no prompt; the names are `house.md`, `duties/<duty>.md`, `roles/<role>/role.md` and `roles/<role>/<specialization>.md`"
    )]
    Unknown {
        /// The path in the folder.
        path: String,
    },
    /// A file without words.
    #[error("`{path}` is empty; write the prompt into it, or delete it to use the one that ships with squad")]
    Empty {
        /// The path in the folder.
        path: String,
    },
}

impl Prompts {
    /// The texts that ship with the binary.
    #[must_use]
    pub fn embedded() -> Self {
        let mut files = BTreeMap::from([("house.md".to_owned(), HOUSE.to_owned())]);
        for (folder, dir) in [("roles", &ROLE_FILES), ("duties", &DUTY_FILES)] {
            collect(folder, dir, &mut files);
        }
        files.retain(|path, _| is_prompt(path));
        Self { files }
    }

    /// The same with single files replaced by those of a folder, laid out as in `crates/agents`. A new file in a role's
    /// folder is a new specialization.
    ///
    /// # Errors
    /// Where the folder or a file in it cannot be read, is empty, or would never be used.
    pub fn with_overrides(dir: &Path) -> Result<Self, PromptError> {
        let mut prompts = Self::embedded();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let io = |path: &Path| {
                let path = path.to_owned();
                move |source| PromptError::Io { path, source }
            };
            let place = dir.join(&folder);
            for entry in std::fs::read_dir(&place).map_err(io(&place))? {
                let entry = entry.map_err(io(&place))?;
                let inside = folder.join(entry.file_name());
                let path = inside.to_string_lossy().into_owned();
                // Editors and file managers leave their own files beside others'.
                if entry.file_name().to_string_lossy().starts_with('.') || path.ends_with("README.md") {
                    continue;
                }
                if entry.path().is_dir() {
                    folders.push(inside);
                    continue;
                }
                if !is_prompt(&path) {
                    return Err(PromptError::Unknown { path });
                }
                let text = std::fs::read_to_string(entry.path()).map_err(io(&entry.path()))?;
                if text.trim().is_empty() {
                    return Err(PromptError::Empty { path });
                }
                prompts.files.insert(path, text);
            }
        }
        Ok(prompts)
    }

    /// The specializations of a role, by name.
    #[must_use]
    pub fn specializations(&self, role: Role) -> Vec<String> {
        let folder = format!("roles/{role}/");
        let names = self.files.keys().filter_map(|path| path.strip_prefix(&folder)?.strip_suffix(".md"));
        names.filter(|name| *name != "role").map(ToOwned::to_owned).collect()
    }

    /// What holds for everybody.
    pub(crate) fn house(&self) -> &str {
        self.text("house.md")
    }

    pub(crate) fn role(&self, role: Role) -> &str {
        self.text(&format!("roles/{role}/role.md"))
    }

    /// `None` where nothing was written for it.
    pub(crate) fn specialization(&self, role: Role, name: &str) -> Option<&str> {
        self.files.get(&format!("roles/{role}/{name}.md")).map(String::as_str)
    }

    /// The instructions of a duty, or of the condenser.
    pub(crate) fn duty(&self, slug: &str) -> &str {
        self.text(&format!("duties/{slug}.md"))
    }

    fn text(&self, path: &str) -> &str {
        self.files.get(path).map_or("", String::as_str)
    }
}

fn collect(path: &str, dir: &Dir<'static>, files: &mut BTreeMap<String, String>) {
    for file in dir.files() {
        let name = format!("{path}/{}", file.path().file_name().unwrap_or_default().to_string_lossy());
        files.insert(name, file.contents_utf8().unwrap_or_default().to_owned());
    }
    for inner in dir.dirs() {
        let name = format!("{path}/{}", inner.path().file_name().unwrap_or_default().to_string_lossy());
        collect(&name, inner, files);
    }
}

/// Whether something reads a file of this name.
fn is_prompt(path: &str) -> bool {
    let Some(stem) = path.strip_suffix(".md") else { return false };
    match stem.split('/').collect::<Vec<_>>()[..] {
        ["house"] => true,
        ["duties", duty] => duty == SUMMARIZE || DUTIES.iter().any(|known| known.slug() == duty),
        ["roles", role, _] => Role::ALL.iter().any(|known| known.slug() == role),
        _ => false,
    }
}

/// All of them.
pub(crate) const DUTIES: [Duty; 8] = [
    Duty::Analyze,
    Duty::Plan,
    Duty::Agree,
    Duty::Work,
    Duty::Review,
    Duty::Resolve,
    Duty::Test,
    Duty::Answer,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_and_duty_has_its_words() {
        let prompts = Prompts::embedded();
        assert!(prompts.house().contains("# House rules"));
        for role in Role::ALL {
            assert!(prompts.role(*role).starts_with("# "), "{role}");
        }
        for duty in DUTIES.map(Duty::slug).into_iter().chain([SUMMARIZE]) {
            assert!(prompts.duty(duty).starts_with("# Duty"), "{duty}");
        }
        assert!(prompts.specializations(Role::BackendDeveloper).contains(&"rust_axum".to_owned()));
        assert!(!prompts.specializations(Role::TechLead).contains(&"role".to_owned()));
    }

    #[test]
    fn a_folder_replaces_single_files_and_adds_specializations() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("roles/tech_lead")).unwrap();
        std::fs::write(dir.path().join("roles/tech_lead/role.md"), "# Our lead").unwrap();
        std::fs::write(dir.path().join("roles/tech_lead/games.md"), "# Games").unwrap();
        let prompts = Prompts::with_overrides(dir.path()).unwrap();
        assert_eq!(prompts.role(Role::TechLead), "# Our lead");
        assert!(prompts.specializations(Role::TechLead).contains(&"games".to_owned()));
        assert_eq!(prompts.duty("work"), Prompts::embedded().duty("work"));
    }

    #[test]
    fn files_that_would_never_be_read_are_told() {
        for name in ["hose.md", "duties/sleep.md", "house.txt"] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(dir.path().join("duties")).unwrap();
            std::fs::write(dir.path().join(name), "words").unwrap();
            let error = Prompts::with_overrides(dir.path()).unwrap_err();
            assert!(matches!(&error, PromptError::Unknown { path } if path == name), "{error}");
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("house.md"), " \n").unwrap();
        assert!(matches!(Prompts::with_overrides(dir.path()), Err(PromptError::Empty { .. })));
        assert!(matches!(Prompts::with_overrides(&dir.path().join("no")), Err(PromptError::Io { .. })));
    }
}
