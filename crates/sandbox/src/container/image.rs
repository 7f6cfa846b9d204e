//! The image of containers: a handful of generated files and links, made on the spot, so that no registry is needed.
//!
//! Everything else is mounted from the host, as in tier `builtin`. Its tag is the hash of what is in it.

use bollard::Docker;
use bollard::query_parameters::CreateImageOptions;
use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::Path;
use tokio::sync::Mutex;

use super::daemon::failed;
use crate::SandboxError;
use crate::launcher::policy::{Node, NodeKind};

/// Name of the images that are made here.
const REPOSITORY: &str = "agent-squad-root";

/// Held while making one, so that sessions that start side by side make it once.
static MAKING: Mutex<()> = Mutex::const_new(());

/// The name of an image with the generated files and links of `nodes`; makes it if it is not there.
pub(super) async fn ensure(docker: &Docker, nodes: &[Node]) -> Result<String, SandboxError> {
    let archive = archive(nodes).map_err(SandboxError::io("make the image of the sandbox"))?;
    let hash = hex::encode(Sha256::digest(&archive));
    let (tag, name) = (&hash[..16], format!("{REPOSITORY}:{}", &hash[..16]));
    let _making = MAKING.lock().await;
    if docker.inspect_image(&name).await.is_ok() {
        return Ok(name);
    }
    let options = CreateImageOptions {
        from_src: Some("-".into()),
        repo: Some(REPOSITORY.into()),
        tag: Some(tag.into()),
        ..Default::default()
    };
    let body = bollard::body_full(archive.into());
    let import = docker.create_image(Some(options), Some(body), None);
    import.try_collect::<Vec<_>>().await.map_err(failed("import the image of the sandbox"))?;
    Ok(name)
}

fn archive(nodes: &[Node]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut nodes: Vec<&Node> = nodes.iter().collect();
    nodes.sort_by_key(|node| &node.target);
    for node in nodes {
        let Ok(path) = node.target.strip_prefix("/") else { continue };
        let mut header = tar::Header::new_gnu();
        header.set_mtime(0);
        match &node.kind {
            // Devices and what leads to them come from the container runtime.
            _ if path.starts_with("dev") => {}
            NodeKind::File { text } => {
                header.set_size(text.len() as u64);
                header.set_mode(0o644);
                archive.append_data(&mut header, path, text.as_bytes())?;
            }
            NodeKind::Link { to } => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                header.set_mode(0o777);
                archive.append_link(&mut header, path, Path::new(to))?;
            }
            _ => {}
        }
    }
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_nodes_make_the_same_image_whatever_is_mounted() {
        let file = Node { target: "/etc/passwd".into(), kind: NodeKind::File { text: "x".into() } };
        let link = Node { target: "/bin".into(), kind: NodeKind::Link { to: "usr/bin".into() } };
        let bind = |source: &str| Node {
            target: "/workspace".into(),
            kind: NodeKind::Bind { source: source.into(), writable: true },
        };
        let one = archive(&[file.clone(), link.clone(), bind("/a")]).unwrap();
        let other = archive(&[bind("/b"), link, file]).unwrap();
        assert_eq!(one, other);
        let names: Vec<_> = tar::Archive::new(&one[..])
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().into_owned())
            .collect();
        assert_eq!(names, [Path::new("bin"), Path::new("etc/passwd")]);
    }
}
