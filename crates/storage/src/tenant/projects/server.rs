//! Which server a repository is on: what is stored for one server is never shown to another.

/// Whether two repositories are on the same server, reached the same way. Paths are all on this machine.
pub(super) fn same_server(one: &str, other: &str) -> bool {
    server(one) == server(other)
}

/// Scheme and host, with the port where there is one.
fn server(repository: &str) -> (String, String) {
    if let Some((scheme, rest)) = repository.split_once("://") {
        // A backslash ends the host for some readers of URLs and not for others; it counts as its end here and there.
        let host = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
        return (scheme.to_lowercase(), without_user(host));
    }
    let (colon, slash) = (repository.find(':'), repository.find('/').unwrap_or(repository.len()));
    match colon {
        Some(at) if at > 0 && at < slash => ("ssh".to_owned(), without_user(&repository[..at])),
        _ => (String::new(), String::new()),
    }
}

fn without_user(host: &str) -> String {
    host.rsplit_once('@').map_or(host, |(_, host)| host).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_host_port_or_scheme_is_another_server() {
        for (one, other) in [
            ("https://git.example/a.git", "https://GIT.example/b/c.git"),
            ("git@git.example:a.git", "ssh://robot@git.example/b.git"),
            ("/srv/a", "../b"),
        ] {
            assert!(same_server(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("https://git.example/a.git", "http://git.example/a.git"),
            ("https://git.example/a.git", "https://git.example:8443/a.git"),
            ("https://git.example/a.git", "https://git.example@evil.example/a.git"),
            ("https://git.example/a.git", "https://evil.example#@git.example/a.git"),
            ("https://git.example/a.git", "git.example:a.git"),
            ("https://git.example/a.git", "/srv/git.example"),
        ] {
            assert!(!same_server(one, other), "{one} {other}");
        }
    }
}
