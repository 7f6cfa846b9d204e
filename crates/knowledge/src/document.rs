//! Which files of a repository are documents.

/// A document of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Relative to the repository.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Folders of other people's documents, which would drown the project's own.
const FOREIGN: &[&str] = &[
    "node_modules",
    "vendor",
    "third_party",
    "target",
    "dist",
    "build",
    ".venv",
    "venv",
    "site-packages",
    ".git",
];

/// Text files that are not prose.
const NOT_PROSE: &[&str] = &["cmakelists.txt", "robots.txt", "license.txt", "licence.txt", "copying.txt"];

/// Whether the file is one to learn from: prose by its name, and the project's own.
#[must_use]
pub fn is_document(path: &str) -> bool {
    let path = path.to_lowercase();
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", &path));
    if folders.split('/').any(|folder| FOREIGN.contains(&folder)) {
        return false;
    }
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    match extension {
        "md" | "markdown" | "mdx" | "rst" | "adoc" | "asciidoc" => true,
        // Lists of packages end in .txt too: `requirements-dev.txt`, `constraints.txt`.
        "txt" => {
            !NOT_PROSE.contains(&name)
                && !stem.starts_with("requirements")
                && !stem.starts_with("constraints")
        }
        "" => ["readme", "contributing", "changelog", "hacking", "install", "notes"].contains(&stem),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_of_the_project_is_told_from_lists_and_from_what_others_wrote() {
        for yes in
            ["README.md", "docs/adr/0001-money.md", "README", "doc/usage.rst", "notes/plan.txt", "AGENTS.md"]
        {
            assert!(is_document(yes), "{yes}");
        }
        for no in [
            "src/main.rs",
            "requirements.txt",
            "requirements-dev.txt",
            "CMakeLists.txt",
            "web/node_modules/left-pad/README.md",
            "vendor/README.md",
            "LICENSE",
            "Makefile",
            "build/readme.md",
        ] {
            assert!(!is_document(no), "{no}");
        }
    }
}
