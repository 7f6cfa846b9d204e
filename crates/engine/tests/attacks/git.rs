//! Git as a way out: what a member writes into its worktree must start nothing on the host, now or later.

use crate::arena::{Arena, attack};
use crate::script::{call, command, forbidden as line, worker};
use serde_json::json;
use squad_storage::Storage;
use squad_testkit::FixtureRepo;

/// A command of its own, because what stands after it looks at what it left.
fn forbidden(name: &str, tries: &str) -> String {
    command(line(name, tries))
}

/// Settings by which git starts programs, and the attributes that lead to them.
fn armed(trap: &str) -> String {
    format!(
        "[core]\n\tfsmonitor = {trap}\n\thooksPath = /workspace/hooks\n\tpager = {trap}\n\tsshCommand = {trap}\n\teditor = {trap}\n\tattributesFile = /workspace/.gitattributes\n\
         [diff]\n\texternal = {trap}\n[filter \"evil\"]\n\tclean = {trap}\n\tsmudge = {trap}\n\tprocess = {trap}\n\trequired = true\n[diff \"evil\"]\n\ttextconv = {trap}\n\tcommand = {trap}\n\
         [merge \"evil\"]\n\tdriver = {trap}\n[uploadpack]\n\tpackObjectsHook = {trap}\n[gpg]\n\tprogram = {trap}\n[commit]\n\tgpgSign = true\n[credential]\n\thelper = !{trap}\n[alias]\n\tstatus = !{trap}\n\
         [include]\n\tpath = /workspace/more-config\n[protocol]\n\tallow = always\n[url \"ext::{trap} \"]\n\tinsteadOf = /\n"
    )
}

attack!(what_a_member_does_to_git_starts_nothing_on_the_host, async |storage: Storage| {
    let arena = Arena::new(storage).await;
    // Named absolutely as well as relatively: host git runs with the worktree as its folder.
    let trap = arena.canaries.folder().join("trap.sh");
    std::fs::write(&trap, arena.canaries.trap()).unwrap();
    std::fs::set_permissions(&trap, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let config = armed(&trap.display().to_string());
    let write = |path: &str, content: &str| call("write_file", &json!({ "path": path, "content": content }));
    let hooks = "mkdir -p hooks; for h in post-checkout post-index-change pre-commit commit-msg prepare-commit-msg post-commit reference-transaction pre-auto-gc pre-push update post-update post-merge fsmonitor-watchman; do cp trap.sh hooks/$h; chmod 755 hooks/$h; done";
    let d = "d=$(sed 's/^gitdir: //' .git)";
    let calls = vec![
        write(".git", "gitdir: /workspace/fake"),
        write(".git/config", &config),
        write("sub/.git/config", &config),
        write(".GIT/config", &config),
        write("git~1/config", &config),
        write("trap.sh", &arena.canaries.trap()),
        write(".gitattributes", "* filter=evil diff=evil merge=evil\n"),
        write(
            ".gitmodules",
            &format!(
                "[submodule \"s\"]\n\tpath = sub\n\turl = ext::{0}\n\tupdate = !{0}\n[submodule \"t\"]\n\tpath = -t\n\turl = --upload-pack={0}\n",
                trap.display()
            ),
        ),
        write("more-config", &config),
        write(".lfsconfig", &format!("[lfs]\n\turl = ext::{}\n", trap.display())),
        command(hooks),
        forbidden(
            "pointer",
            "echo 'gitdir: /workspace/fake' > .git || rm -f .git || mv .git x || ln -sf /workspace/fake .git || mount --bind fake .git",
        ),
        forbidden(
            "metadata",
            &format!(
                "{d}; for f in HEAD config index config.worktree commondir gitdir locked hooks/post-checkout; do echo x > $d/$f && exit 0; done; exit 1"
            ),
        ),
        forbidden(
            "the clone",
            &format!(
                "{d}; c=$d/../..; for f in HEAD config config.worktree packed-refs info/attributes info/exclude info/grafts objects/info/alternates hooks/post-checkout refs/heads/evil refs/replace/x shallow; do mkdir -p $(dirname $c/$f) 2>/dev/null; echo x > $c/$f && exit 0; done; exit 1"
            ),
        ),
        forbidden(
            "objects",
            &format!(
                "{d}; f=$(find $d/../../objects -type f | head -n1); chmod u+w $f && echo x > $f || rm -f $f || mv $f x"
            ),
        ),
        forbidden(
            "other worktrees",
            &format!("{d}; ls $d/.. && for w in $d/../*; do echo x > $w/HEAD && exit 0; done; exit 1"),
        ),
        forbidden(
            "commit",
            "git commit -qam evil || git update-ref refs/heads/main HEAD || git branch evil || git tag evil || git stash || git worktree add /tmp/w || git gc --prune=now || git repack -ad || git config user.name x || git push origin HEAD",
        ),
        // Repositories of its own, in new folders and in place of tracked ones.
        command(
            "for f in nested/born nested/unborn kept; do mkdir -p $f; git init -q $f; cat more-config >> $f/.git/config; cp -r hooks/. $f/.git/hooks; printf '* filter=evil diff=evil merge=evil\\n' > $f/.git/info/attributes; done; cd nested/born && cp /workspace/more-config f && git -c core.hooksPath=/dev/null -c core.fsmonitor= -c commit.gpgSign=false -c filter.evil.required=false add f; git -c core.hooksPath=/dev/null -c commit.gpgSign=false commit -qm x; true",
        ),
        // A repository whose metadata lies elsewhere, and one that is a link.
        command(format!(
            "mkdir -p pointed linked; printf 'gitdir: {}\\n' > pointed/.git; ln -s {} linked/.git; mkdir -p elsewhere; mv nested/unborn/.git elsewhere/git; printf 'gitdir: ../../elsewhere/git\\n' > nested/unborn/.git",
            arena.neighbour_files().display(),
            arena.neighbour_files().display()
        )),
        // Names in all spellings, names that look like options, names with line ends.
        command(
            "mkdir -p .GIT 'git~1' '.git ' .Git; for f in .GIT 'git~1' '.git ' .Git; do cp more-config $f/config; done; touch -- --output=x -c --upload-pack=x $'new\\nline' '.git::$INDEX_ALLOCATION' $'.g\\xe2\\x80\\x8cit'; mkfifo .gitignore2; ls -la",
        ),
        command(
            "rm -f kept/file; python3 -c 'import os; os.mkfifo(\"nested/.gitattributes\"); os.mkfifo(\"nested/.gitignore\")'; true",
        ),
        call("view_diff", &json!({})),
        call("view_diff", &json!({ "path": "nested" })),
        call("list_files", &json!({ "path": ".", "depth": 4 })),
        command("git status | head -n 3; git log --oneline | head -n 3; true"),
        command("git diff --cached | head -n 3; true"),
    ];
    let repository = FixtureRepo::new()
        .file("greeting.txt", "goodbye\n")
        .file("kept/file", "tracked\n")
        .file("test.sh", "grep -q hello greeting.txt\n")
        .commit("A greeting");
    let played = arena.play_on(&[&worker(&calls)], repository, |_| {}).await;
    played.completed();
    played.told("write_file", "git");
    let branch = played.run.state.delivery.as_ref().unwrap();
    // quotePath off: names as they are.
    let names = played.house.git(&[
        "-c",
        "core.quotePath=false",
        "ls-tree",
        "-r",
        "-z",
        "--name-only",
        branch.commit.as_str(),
    ]);
    let metadata = |part: &str| {
        let plain = part.trim_end_matches([' ', '.']).replace('\u{200c}', "").to_lowercase();
        plain == ".git" || plain == "git~1" || plain.starts_with(".git::$")
    };
    let evil: Vec<&str> = names.split('\0').filter(|name| name.split('/').any(metadata)).collect();
    assert!(evil.is_empty(), "delivered: {evil:?}");
    // Whoever checks the branch out gets files, and none of git's own.
    let head = played.house.git(&["rev-parse", "HEAD"]);
    assert_ne!(head.trim(), branch.commit.as_str());
    assert_eq!(
        played.house.git(&["for-each-ref", "--format=%(refname)"]).lines().count(),
        2,
        "main and the branch"
    );
});
