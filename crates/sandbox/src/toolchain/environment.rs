//! The environment of a command. Nothing of the server's enters but the places of toolchains.

use std::path::Path;

use super::Toolchains;
use super::roots::VARIABLES;

/// Every variable that a command behind walls gets.
pub(crate) fn environment(
    toolchains: &Toolchains,
    home: &Path,
    egress_port: Option<u16>,
) -> Vec<(String, String)> {
    let mut variables = common(home);
    // Wherever this git was built to look.
    variables.push(("GIT_CONFIG_SYSTEM".into(), "/etc/gitconfig".into()));
    variables.push(("TMPDIR".into(), "/tmp".into()));
    variables.push(("PATH".into(), search_path(toolchains)));
    variables.push(("CARGO_HOME".into(), home.join(".cargo").display().to_string()));
    add_toolchain_homes(&mut variables, toolchains);
    add_package_sources(&mut variables, toolchains, home);
    match egress_port {
        Some(port) => add_proxy(&mut variables, port),
        None => add_offline(&mut variables),
    }
    variables
}

/// Every variable that a command in somebody's image gets: the image's own, as far as they say where its tools are.
pub(crate) fn environment_of_image(
    of_image: &[String],
    home: &Path,
    egress_port: Option<u16>,
) -> Vec<(String, String)> {
    let mut variables = common(home);
    variables.push(("TMPDIR".into(), "/tmp".into()));
    let own: Vec<(String, String)> = of_image
        .iter()
        .filter_map(|variable| variable.split_once('='))
        .filter(|(name, _)| !variables.iter().any(|(ours, _)| ours == name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if !own.iter().any(|(name, _)| name == "PATH") {
        variables.push(("PATH".into(), SYSTEM_PATH.join(":")));
    }
    variables.extend(own);
    // The files may belong to a user whom the image does not know, and tests commit.
    for (number, (key, value)) in
        [("safe.directory", "*"), ("user.name", "squad"), ("user.email", "squad@localhost")]
            .iter()
            .enumerate()
    {
        variables.push((format!("GIT_CONFIG_KEY_{number}"), (*key).to_owned()));
        variables.push((format!("GIT_CONFIG_VALUE_{number}"), (*value).to_owned()));
    }
    variables.push(("GIT_CONFIG_COUNT".into(), "3".into()));
    match egress_port {
        Some(port) => add_proxy(&mut variables, port),
        None => add_offline(&mut variables),
    }
    variables
}

/// Every variable that a command without walls gets: it uses the user's own home folder, and all of their tools.
pub(crate) fn environment_without_walls(toolchains: &Toolchains) -> Vec<(String, String)> {
    let mut variables = common(toolchains.host.home.as_deref().unwrap_or(Path::new("/")));
    let folders = toolchains.host.path.iter().map(|folder| folder.display().to_string());
    variables.push(("PATH".into(), folders.collect::<Vec<_>>().join(":")));
    for (name, folder) in &toolchains.host.variables {
        variables.push((name.clone(), folder.display().to_string()));
    }
    variables
}

fn common(home: &Path) -> Vec<(String, String)> {
    let home = home.display().to_string();
    [
        ("HOME", home.as_str()),
        ("USER", "squad"),
        ("LOGNAME", "squad"),
        ("SHELL", "/bin/sh"),
        ("LANG", "C.UTF-8"),
        ("TERM", "dumb"),
        // Asking a registry for news of the tool itself only costs time where there is no network.
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
        ("npm_config_update_notifier", "false"),
        ("npm_config_fund", "false"),
        ("npm_config_audit", "false"),
        ("GIT_TERMINAL_PROMPT", "0"),
        // A test that leaves bytecode behind would show up in every diff.
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Where programs usually are.
const SYSTEM_PATH: [&str; 6] =
    ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The host's `PATH`, as far as it is seen inside.
fn search_path(toolchains: &Toolchains) -> String {
    let mut folders: Vec<String> = Vec::new();
    let host = toolchains
        .host
        .path
        .iter()
        .filter(|folder| toolchains.shows(folder))
        .map(|folder| folder.display().to_string());
    for folder in host.chain(SYSTEM_PATH.map(String::from)) {
        if !folder.contains(':') && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders.join(":")
}

fn add_toolchain_homes(variables: &mut Vec<(String, String)>, toolchains: &Toolchains) {
    for name in VARIABLES.iter().filter(|name| **name != "CARGO_HOME" && **name != "GOPATH") {
        if let Some(path) = toolchains.host.variables.get(*name).filter(|path| toolchains.shows(path)) {
            variables.push(((*name).to_owned(), path.display().to_string()));
        }
    }
    // The private home folder hides the usual places of these.
    for (name, usual) in [
        ("RUSTUP_HOME", ".rustup"),
        ("PYENV_ROOT", ".pyenv"),
        ("RBENV_ROOT", ".rbenv"),
        ("NVM_DIR", ".nvm"),
        ("VOLTA_HOME", ".volta"),
        ("ASDF_DATA_DIR", ".asdf"),
        ("MISE_DATA_DIR", ".local/share/mise"),
        ("SDKMAN_DIR", ".sdkman"),
    ] {
        let known = variables.iter().any(|(existing, _)| existing == name);
        let home = toolchains.host.tool_home(name, usual).filter(|home| !known && toolchains.shows(home));
        if let Some(home) = home {
            variables.push((name.to_owned(), home.display().to_string()));
        }
    }
}

/// Packages that the user fetched before, for tools that can be told where to look.
fn add_package_sources(variables: &mut Vec<(String, String)>, toolchains: &Toolchains, home: &Path) {
    variables.push(("GOPATH".into(), home.join("go").display().to_string()));
    if let Some(go) = toolchains.host.tool_home("GOPATH", "go") {
        let fetched = go.join("pkg/mod/cache/download");
        if fetched.is_dir() && toolchains.shows(&fetched) {
            let sources = format!("file://{},direct", fetched.display());
            variables.push(("GOPROXY".into(), sources));
        }
    }
    if let Some(user) = &toolchains.host.home {
        let maven = user.join(".m2/repository");
        if maven.is_dir() && toolchains.shows(&maven) {
            variables.push(("MAVEN_ARGS".into(), format!("-Dmaven.repo.local.tail={}", maven.display())));
        }
    }
}

/// Without a network, package tools make do with what is there, or say at once what is missing: npm alone would try for
/// more than a minute, and Cargo would not look at the packages that the user fetched.
fn add_offline(variables: &mut Vec<(String, String)>) {
    for (name, value) in [
        ("CARGO_NET_OFFLINE", "true"),
        ("UV_OFFLINE", "1"),
        ("PIP_RETRIES", "0"),
        ("npm_config_fetch_retries", "0"),
    ] {
        variables.push((name.to_owned(), value.to_owned()));
    }
}

fn add_proxy(variables: &mut Vec<(String, String)>, port: u16) {
    let proxy = format!("http://127.0.0.1:{port}");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        variables.push((name.to_owned(), proxy.clone()));
    }
    for name in ["NO_PROXY", "no_proxy"] {
        variables.push((name.to_owned(), "localhost,127.0.0.1,::1".to_owned()));
    }
}
