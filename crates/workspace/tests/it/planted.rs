//! Links that somebody planted in a worktree, and this process at work in it afterwards.

use std::os::unix::fs::symlink;

use crate::support::{Fixture, write};

/// The setup command leaves an ignored file; somebody's tree has a link of that name.
#[tokio::test]
async fn what_the_setup_left_is_never_written_through_a_link() {
    let user = Fixture::new(&[("a", "1\n"), (".gitignore", "cache/\nsingle\n")]);
    write(&user.outside("precious"), "kept\n");
    let import = user.import().await;
    let setup = import.repository.add_worktree("setup", &import.base, None).await.unwrap();
    for path in ["cache/deep/file", "cache/file", "single"] {
        write(&setup.path().join(path), "of the setup\n");
    }
    write(&setup.path().join("cache/folder/file"), "of the setup\n");

    let work = import.repository.add_worktree("work", &import.base, None).await.unwrap();
    write(&work.path().join(".gitignore"), "");
    std::fs::create_dir_all(work.path().join("cache/deep")).unwrap();
    for path in ["cache/deep/file", "cache/file", "single"] {
        symlink(user.outside("precious"), work.path().join(path)).unwrap();
    }
    std::fs::create_dir(user.outside("elsewhere")).unwrap();
    symlink(user.outside("elsewhere"), work.path().join("cache/folder")).unwrap();
    let tree = work.checkpoint().await.unwrap().tree;

    // Another worktree is opened with that tree, and given what the setup left.
    let later = import.repository.ensure_worktree("later", &import.base, &tree, None).await.unwrap();
    let _ = setup.share_ignored(&later).await;

    assert_eq!(std::fs::read_to_string(user.outside("precious")).unwrap(), "kept\n");
    assert_eq!(std::fs::read_dir(user.outside("elsewhere")).unwrap().count(), 0);
    assert_eq!(later.checkpoint().await.unwrap().tree, tree, "what is recorded is not replaced");
}
