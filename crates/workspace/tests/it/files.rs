//! The file tools, and that they stay in the workspace.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use squad_workspace::files::{FileContent, FileError, FileTools, PathPolicy, SearchRequest};
use tempfile::TempDir;

use crate::support::write;

fn workspace(files: &[(&str, &str)]) -> (TempDir, FileTools) {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        write(&folder.path().join("ws").join(path), content);
    }
    std::fs::create_dir_all(folder.path().join("ws")).unwrap();
    write(&folder.path().join("secret"), "host secret");
    let tools = FileTools::open(&folder.path().join("ws"), Some("/workspace"), None).unwrap();
    (folder, tools)
}

fn open() -> PathPolicy {
    PathPolicy::default()
}

fn text(folder: &TempDir, path: &str) -> String {
    std::fs::read_to_string(folder.path().join("ws").join(path)).unwrap()
}

async fn search(tools: &FileTools, pattern: &str, glob: Option<&str>) -> String {
    let request = SearchRequest { pattern: pattern.into(), glob: glob.map(str::to_owned), max_results: None };
    tools.search(request, &open()).await.unwrap().to_string()
}

#[tokio::test]
async fn no_way_leads_out_or_into_git() {
    let (folder, tools) =
        workspace(&[("dir/a", "inside\n"), (".git", "gitdir: /x\n"), ("sub/.git/config", "c\n")]);
    let ws = folder.path().join("ws");
    symlink(folder.path(), ws.join("out")).unwrap();
    symlink("../secret", ws.join("link")).unwrap();
    symlink("dir", ws.join("inner")).unwrap();
    symlink(".git", ws.join("pointer")).unwrap();
    for path in [
        "../secret",
        "out/secret",
        "link",
        "/etc/passwd",
        "dir/../../secret",
        ".git",
        "sub/.git/config",
        "inner/a",
        "pointer",
        "",
        "dir",
    ] {
        let policy = open();
        assert!(tools.read(path, None, None, &policy).await.is_err(), "read {path}");
        assert!(tools.write(path, "x", &policy).await.is_err(), "write {path}");
        assert!(tools.edit(path, "host", "x", false, &policy).await.is_err(), "edit {path}");
    }
    for path in ["../secret", "out/secret", ".git", "sub/.git/config", "dir", "/etc/passwd"] {
        assert!(tools.delete(path, &open()).await.is_err(), "delete {path}");
    }
    for path in ["..", "out", "inner", ".git", "/etc"] {
        assert!(tools.list(path, 2, &open()).await.is_err(), "list {path}");
    }
    assert!(tools.write("out/new", "x", &open()).await.is_err() && !folder.path().join("new").exists());
    assert!(
        matches!(tools.read("link", None, None, &open()).await, Err(FileError::Link { target, .. }) if target == "../secret")
    );
    assert_eq!(search(&tools, "secret|gitdir|^c$", None).await, "no match in 1 files\n");
    // A link itself can be deleted; what it points to stays.
    tools.delete("link", &open()).await.unwrap();
    assert_eq!(std::fs::read_to_string(folder.path().join("secret")).unwrap(), "host secret");
}

#[tokio::test]
async fn pipes_do_not_block_and_are_told() {
    let (folder, tools) = workspace(&[]);
    for name in ["pipe", ".gitignore"] {
        let path = folder.path().join("ws").join(name);
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .unwrap();
    }
    assert!(matches!(tools.read("pipe", None, None, &open()).await, Err(FileError::Special { .. })));
    assert!(matches!(tools.write("pipe", "x", &open()).await, Err(FileError::Special { .. })));
    assert_eq!(
        tools.list("", 1, &open()).await.unwrap().to_string(),
        ".gitignore (special file)\npipe (special file)\n"
    );
    assert_eq!(search(&tools, "x", None).await, "no match in 0 files\n");
}

#[tokio::test]
async fn reads_are_numbered_bounded_and_tell_what_they_cut() {
    let long = (1..=3000).map(|n| format!("line {n}\n")).collect::<String>();
    let (folder, tools) = workspace(&[
        ("a.txt", "one\ntwo\r\nthree"),
        ("long", &long),
        ("wide", &"x".repeat(9000)),
        ("empty", ""),
    ]);
    std::fs::write(folder.path().join("ws/latin"), b"caf\xe9\n").unwrap();
    std::fs::write(folder.path().join("ws/image"), b"\x89PNG\0\0").unwrap();
    let read =
        async |path: &str, start, end| tools.read(path, start, end, &open()).await.unwrap().to_string();
    assert_eq!(read("/workspace/a.txt", None, None).await, "1\tone\n2\ttwo\n3\tthree\n");
    assert_eq!(read("a.txt", Some(2), Some(2)).await, "2\ttwo\n… the file has 3 lines\n");
    assert!(
        read("long", None, None)
            .await
            .ends_with("2000\tline 2000\n… cut at line 2000 of 3000; read on with start_line 2001\n")
    );
    assert!(read("wide", None, None).await.contains("… (7000 more bytes in this line)"));
    assert_eq!(read("empty", None, None).await, "`empty` is empty\n");
    assert!(read("latin", None, None).await.contains("caf\u{fffd}\n(some bytes are not UTF-8"));
    assert!(matches!(
        tools.read("image", None, None, &open()).await.unwrap(),
        FileContent::Binary { size: 6, .. }
    ));
    let beyond = tools.read("a.txt", Some(4), None, &open()).await.unwrap_err().to_string();
    assert!(beyond.contains("has 3 lines"), "{beyond}");
    assert!(tools.read("nothing", None, None, &open()).await.unwrap_err().to_string().contains("list_files"));
}

#[tokio::test]
async fn an_edit_needs_exactly_one_match_and_says_where_there_are_more() {
    let (folder, tools) = workspace(&[
        ("a", "x = 1\ny = 2\nx = 1\n"),
        ("dos", "a\r\nb\r\nc\r\n"),
        ("py", "def f():\n    return 1\n"),
    ]);
    let edit = async |path: &str, old: &str, new: &str, all| tools.edit(path, old, new, all, &open()).await;
    let many = edit("a", "x = 1", "x = 3", false).await.unwrap_err().to_string();
    assert!(many.contains("2 times, at lines 1, 3"), "{many}");
    assert_eq!(edit("a", "y = 2\nx", "y = $1\nz", false).await.unwrap().lines, [2]);
    assert_eq!(text(&folder, "a"), "x = 1\ny = $1\nz = 1\n");
    assert_eq!(
        edit("a", "= 1", "= 9", true).await.unwrap().to_string(),
        "edited `a` in 2 places, at lines 1, 3\n"
    );
    let spaces = edit("py", "def f():\n\treturn 1", "x", false).await.unwrap_err().to_string();
    assert!(spaces.contains("lines 1-2 differ from it only in white space"), "{spaces}");
    let partly = edit("py", "def f():\n    return 2", "x", false).await.unwrap_err().to_string();
    assert!(partly.contains("its first line stands at line 1"), "{partly}");
    assert!(edit("a", "same", "same", false).await.is_err() && edit("a", "", "x", false).await.is_err());
    edit("dos", "a\nb", "a\nB", false).await.unwrap();
    assert_eq!(text(&folder, "dos"), "a\r\nB\r\nc\r\n");
}

#[tokio::test]
async fn modes_are_kept_and_hard_links_are_left_alone() {
    let (folder, tools) = workspace(&[("run.sh", "echo 1\n")]);
    let ws = folder.path().join("ws");
    std::fs::set_permissions(ws.join("run.sh"), PermissionsExt::from_mode(0o750)).unwrap();
    std::fs::hard_link(ws.join("run.sh"), folder.path().join("twin")).unwrap();
    tools.edit("run.sh", "1", "2", false, &open()).await.unwrap();
    assert_eq!(ws.join("run.sh").metadata().unwrap().mode() & 0o777, 0o750);
    assert_eq!(std::fs::read_to_string(folder.path().join("twin")).unwrap(), "echo 1\n");
    assert!(tools.write("new/deep/file", "x", &open()).await.unwrap().created);
    assert!(!tools.write("new/deep/file", "y", &open()).await.unwrap().created);
    assert!(
        tools
            .write("run.sh/x", "y", &open())
            .await
            .unwrap_err()
            .to_string()
            .contains("is a file, not a folder")
    );
    let names: Vec<_> =
        std::fs::read_dir(ws.join("new/deep")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["file"], "no temporary file is left");
}

#[tokio::test]
async fn listing_and_search_follow_the_ignore_rules() {
    let (_folder, tools) = workspace(&[
        (".gitignore", "/out\n*.log\n!keep.log\n"),
        ("src/main.rs", "fn main() {}\nfn other() {}\n"),
        ("src/.gitignore", "gen.rs\n"),
        ("src/gen.rs", "fn main() {}\n"),
        ("out/a.rs", "fn main() {}\n"),
        ("node_modules/x/index.js", "fn main"),
        ("app.log", "fn main\n"),
        ("keep.log", "fn main\n"),
        (".github/ci.yml", "fn main\n"),
        ("bin", "fn main\0"),
    ]);
    assert_eq!(tools.relative("/workspace/src/../src/main.rs").unwrap(), "src/main.rs");
    let listing = tools.list(".", 2, &open()).await.unwrap().to_string();
    assert_eq!(
        listing,
        ".github/\n.github/ci.yml (8 B)\n.gitignore (21 B)\napp.log (8 B) (ignored by git)\nbin (8 B)\nkeep.log (8 B)\n\
         node_modules/ (ignored by git)\nout/ (ignored by git)\nsrc/\nsrc/.gitignore (7 B)\nsrc/gen.rs (13 B) (ignored by git)\nsrc/main.rs (27 B)\n"
    );
    assert_eq!(tools.list("src", 1, &open()).await.unwrap().entries.len(), 3);
    assert_eq!(
        search(&tools, "fn main", None).await,
        ".github/ci.yml\n1:\tfn main\n\nkeep.log\n1:\tfn main\n\nsrc/main.rs\n1:\tfn main() {}\n"
    );
    assert_eq!(
        search(&tools, "^fn", Some("*.rs")).await,
        "src/main.rs\n1:\tfn main() {}\n2:\tfn other() {}\n"
    );
    let few = SearchRequest { pattern: "fn".into(), glob: None, max_results: Some(1) };
    assert!(tools.search(few, &open()).await.unwrap().truncated);
    for (pattern, glob) in [("(", None), ("x", Some("[")), ("(a{9999}){9999}", None)] {
        let request =
            SearchRequest { pattern: pattern.into(), glob: glob.map(str::to_owned), max_results: None };
        let error = tools.search(request, &open()).await.unwrap_err();
        assert!(matches!(error, FileError::InvalidPattern { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_members_policy_holds_for_every_tool() {
    let (folder, tools) = workspace(&[
        ("src/a.rs", "secret word\n"),
        (".env", "secret word\n"),
        ("docs/b.md", "secret word\n"),
    ]);
    let policy = PathPolicy { allow: vec!["src/".into()], deny: vec![".env".into()], read_allow: Vec::new() };
    assert!(tools.write("src/new.rs", "x", &policy).await.is_ok());
    for path in ["docs/b.md", ".env", "src/../docs/b.md", "srcs/x", "/workspace/docs/b.md"] {
        assert!(matches!(tools.write(path, "x", &policy).await, Err(FileError::Denied { .. })), "{path}");
        assert!(
            matches!(tools.edit(path, "secret", "x", false, &policy).await, Err(FileError::Denied { .. })),
            "{path}"
        );
        assert!(matches!(tools.delete(path, &policy).await, Err(FileError::Denied { .. })), "{path}");
    }
    assert!(tools.read("docs/b.md", None, None, &policy).await.is_ok());
    assert!(tools.read(".env", None, None, &policy).await.is_err());
    let request = SearchRequest { pattern: "secret".into(), ..SearchRequest::default() };
    let found = tools.search(request, &policy).await.unwrap();
    assert_eq!(found.matches.iter().map(|m| m.path.as_str()).collect::<Vec<_>>(), ["docs/b.md", "src/a.rs"]);
    assert!(!tools.list("", 3, &policy).await.unwrap().to_string().contains(".env"));
    assert!(Path::new(&folder.path().join("ws/.env")).exists());
}
