//! Where the toolchains are: what `PATH` leads to, and the homes of version managers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The part of the host's environment from which toolchains are found.
#[derive(Debug, Clone, Default)]
pub struct HostEnvironment {
    /// The folders of `PATH`, in order.
    pub path: Vec<PathBuf>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// Variables that name the homes of version managers (`CARGO_HOME`, `NVM_DIR`, …).
    pub variables: BTreeMap<String, PathBuf>,
}

impl HostEnvironment {
    /// The environment of this process. Nothing but paths is read from it.
    pub fn of_this_process() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let variables = VARIABLES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), PathBuf::from(std::env::var_os(name)?))))
            .filter(|(_, path)| path.is_absolute())
            .collect();
        Self {
            path: std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect(),
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            variables,
        }
    }

    /// The home of a tool: what its variable says, else its usual folder below the user's home.
    pub(crate) fn tool_home(&self, variable: &str, usual: &str) -> Option<PathBuf> {
        let named = self.variables.get(variable).cloned();
        named.or_else(|| Some(self.home.as_ref()?.join(usual))).filter(|path| path.is_dir())
    }
}

/// Variables that name a toolchain's folder; each is passed on as far as its folder is seen inside.
pub(crate) const VARIABLES: [&str; 22] = [
    "ANDROID_HOME",
    "ASDF_DATA_DIR",
    "ASDF_DIR",
    "BUN_INSTALL",
    "CARGO_HOME",
    "DENO_INSTALL",
    "DOTNET_ROOT",
    "FNM_DIR",
    "GOPATH",
    "GOROOT",
    "GRADLE_HOME",
    "JAVA_HOME",
    "M2_HOME",
    "MAVEN_HOME",
    "MISE_DATA_DIR",
    "NVM_DIR",
    "PNPM_HOME",
    "PYENV_ROOT",
    "RBENV_ROOT",
    "RUSTUP_HOME",
    "SDKMAN_DIR",
    "VOLTA_HOME",
];

/// Usual folders below the home folder. Those that also hold personal data are named by their harmless parts.
const BELOW_HOME: [&str; 36] = [
    ".asdf",
    ".bun",
    ".cargo/bin",
    ".cargo/registry",
    ".cargo/git",
    ".deno",
    ".dotnet",
    ".elan",
    ".fnm",
    ".ghcup",
    ".goenv",
    ".jenv",
    ".juliaup",
    ".local/bin",
    ".local/lib",
    ".local/share/fnm",
    ".local/share/mise",
    ".local/share/pipx",
    ".local/share/pnpm",
    ".local/share/rtx",
    ".local/share/uv",
    ".m2/repository",
    ".nodenv",
    ".npm-global",
    ".nvm",
    ".opam",
    ".poetry",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".rvm",
    ".sdkman",
    ".volta",
    "go/bin",
    "go/pkg",
    "miniconda3",
];

/// Already part of every private root.
const SYSTEM: [&str; 9] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/workspace"];

/// Never shown as a whole, however `PATH` reads.
const TOO_WIDE: [&str; 16] = [
    "/", "/boot", "/dev", "/etc", "/home", "/media", "/mnt", "/opt", "/proc", "/root", "/run", "/srv",
    "/sys", "/tmp", "/var", "/var/lib",
];

/// The host folders to show, none of them below another.
pub(crate) fn find(environment: &HostEnvironment) -> BTreeSet<PathBuf> {
    let mut roots = BTreeSet::new();
    for folder in &environment.path {
        add_path_entry(&mut roots, folder, environment);
    }
    for (variable, folder) in &environment.variables {
        match variable.as_str() {
            // Holds credentials beside the parts that are needed.
            "CARGO_HOME" => {
                ["bin", "registry", "git"]
                    .iter()
                    .for_each(|part| add(&mut roots, &folder.join(part), environment));
            }
            // Holds the user's own sources as well.
            "GOPATH" => {
                ["bin", "pkg"].iter().for_each(|part| add(&mut roots, &folder.join(part), environment));
            }
            _ => add(&mut roots, folder, environment),
        }
    }
    if let Some(home) = &environment.home {
        BELOW_HOME.iter().for_each(|part| add(&mut roots, &home.join(part), environment));
    }
    let all = roots.clone();
    roots.retain(|root| !root.ancestors().skip(1).any(|above| all.contains(above)));
    roots
}

/// A `bin` folder may need its siblings (`lib`, `share`).
fn add_path_entry(roots: &mut BTreeSet<PathBuf>, folder: &Path, environment: &HostEnvironment) {
    let install = installation(folder).filter(|parent| {
        let is_cargo = environment.tool_home("CARGO_HOME", ".cargo").is_some_and(|home| home == **parent);
        let is_local = environment.home.as_ref().is_some_and(|home| home.join(".local") == **parent);
        !is_cargo && !is_local && !too_wide(parent, environment)
    });
    add(roots, install.unwrap_or(folder), environment);
    // The folder may be a link, and so may the programs in it: what they lead to is needed as well.
    let programs = std::fs::read_dir(folder).into_iter().flatten().flatten().take(2000);
    for program in programs.filter(|program| program.file_type().is_ok_and(|kind| kind.is_symlink())) {
        let Ok(target) = program.path().canonicalize() else { continue };
        let Some(target_folder) = target.parent() else { continue };
        if is_system(target_folder) || roots.iter().any(|root| target_folder.starts_with(root)) {
            continue;
        }
        add(roots, installation(target_folder).unwrap_or(target_folder), environment);
    }
}

/// The folder of a tool that was unpacked or installed as a whole, from its `bin`. A project that keeps scripts in a `bin`
/// is none: nothing else of it is anybody's business.
fn installation(bin: &Path) -> Option<&Path> {
    let parent = bin.parent().filter(|_| bin.ends_with("bin") || bin.ends_with("sbin"))?;
    let has = |name: &str| parent.join(name).exists();
    let parts = ["lib", "lib64", "libexec", "share", "include", "pyvenv.cfg"];
    (parts.iter().any(|part| has(part)) && !has(".git")).then_some(parent)
}

fn add(roots: &mut BTreeSet<PathBuf>, folder: &Path, environment: &HostEnvironment) {
    if !folder.is_dir() || too_wide(folder, environment) {
        return;
    }
    let Ok(real) = folder.canonicalize() else { return };
    if !is_system(folder) {
        roots.insert(folder.to_path_buf());
    }
    if !is_system(&real) && !too_wide(&real, environment) {
        roots.insert(real);
    }
}

fn is_system(path: &Path) -> bool {
    SYSTEM.iter().any(|system| path.starts_with(system))
}

/// The home folder, whatever contains it, and the folders that hold everything.
fn too_wide(path: &Path, environment: &HostEnvironment) -> bool {
    TOO_WIDE.iter().any(|wide| path == Path::new(wide))
        || environment.home.as_ref().is_some_and(|home| home.starts_with(path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn host(folders: &[&str], path: &[&str]) -> (tempfile::TempDir, HostEnvironment) {
        let top = tempfile::tempdir().unwrap();
        let home = top.path().join("ada");
        fs::create_dir(&home).unwrap();
        for folder in folders {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        let path = path.iter().map(|entry| home.join(entry)).collect();
        let environment = HostEnvironment { path, home: Some(home), variables: BTreeMap::new() };
        (top, environment)
    }

    fn found(environment: &HostEnvironment) -> Vec<String> {
        let home = environment.home.as_ref().unwrap();
        let relative = |root: &PathBuf| root.strip_prefix(home).unwrap().display().to_string();
        find(environment).iter().map(relative).collect()
    }

    #[test]
    fn an_unpacked_tool_is_shown_whole() {
        let (_top, host) =
            host(&["tools/node-22/bin", "tools/node-22/lib", "tools/other"], &["tools/node-22/bin"]);
        assert_eq!(found(&host), ["tools/node-22"]);
    }

    #[test]
    fn a_project_with_scripts_is_not_shown_whole() {
        let (_top, host) =
            host(&["code/bin", "code/src", "app/bin", "app/lib", "app/.git"], &["code/bin", "app/bin"]);
        assert_eq!(found(&host), ["app/bin", "code/bin"]);
    }

    #[test]
    fn neither_the_home_folder_nor_all_of_local_is_ever_shown() {
        let (_top, host) =
            host(&["bin", ".local/bin", ".local/share/keyrings", ".ssh"], &["bin", ".local/bin", "."]);
        assert_eq!(found(&host), [".local/bin", "bin"]);
    }

    #[test]
    fn of_the_cargo_home_only_the_harmless_parts_are_shown() {
        let (_top, host) = host(&[".cargo/bin", ".cargo/registry", ".rustup"], &[".cargo/bin"]);
        assert_eq!(found(&host), [".cargo/bin", ".cargo/registry", ".rustup"]);
    }

    #[test]
    fn a_program_that_is_a_link_brings_its_installation_along() {
        let (_top, host) = host(&["bin", "apps/uv/bin", "apps/uv/lib", "apps/secret"], &["bin"]);
        let home = host.home.clone().unwrap();
        fs::write(home.join("apps/uv/bin/uv"), "").unwrap();
        std::os::unix::fs::symlink(home.join("apps/uv/bin/uv"), home.join("bin/uv")).unwrap();
        assert_eq!(found(&host), ["apps/uv", "bin"]);
    }
}
