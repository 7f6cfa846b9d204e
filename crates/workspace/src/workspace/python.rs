//! Where Python finds the project itself.

use std::path::Path;

/// Files that make a folder a Python project that people install before they test it.
const MANIFESTS: &[&str] = &["pyproject.toml", "setup.py", "setup.cfg"];

/// The folder, relative to the root, that stands in for `pip install -e .`. An installation that the user has made
/// leads to the user's checkout: in the sandbox there is no such place, and without one the wrong files would be tested.
pub(super) fn import_folder(root: &Path) -> Option<&'static str> {
    let plain = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_file());
    if !MANIFESTS.iter().any(|name| plain(&root.join(name))) {
        return None;
    }
    let folder = root.join("src");
    let listed = folder.symlink_metadata().is_ok_and(|found| found.is_dir()).then(|| folder.read_dir().ok());
    let packaged = listed.flatten().into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        let module = path.extension().is_some_and(|end| end == "py") && plain(&path);
        module || plain(&path.join("__init__.py"))
    });
    Some(if packaged { "src" } else { "." })
}
