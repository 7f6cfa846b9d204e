//! What git prints is read back as it was meant, and no bytes stop a reader.

use super::changes::{ChangeKind, parse_changes};
use super::commit::parse_entry;
use super::merge::parse_conflicts;
use super::standing::paths;
use crate::branch::{BranchName, slug};
use crate::source::Source;
use proptest::collection::vec;
use proptest::prelude::*;

/// Bytes that look like what git prints, and any others.
fn listing() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\0".to_vec()),
        Just(b":100644 100644 1 2 M".to_vec()),
        Just(b":100644 100644 1 2 R100".to_vec()),
        Just(b"3\t1\t".to_vec()),
        Just(b"-\t-\tf".to_vec()),
        Just(b"18446744073709551615".to_vec()),
        Just(b"CONFLICT (contents)".to_vec()),
        Just(b"?? a".to_vec()),
        vec(any::<u8>(), 0..8),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A name as git allows it: anything without NUL.
fn name() -> impl Strategy<Value = String> {
    "[a-z\\t\\n :\u{e9}-]{1,12}"
}

#[test]
fn a_name_that_begins_with_a_tab_is_no_rename() {
    let changes =
        parse_changes(b":100644 100644 aa bb M\0\tx\0:100644 100644 aa bb M\0y\x001\t2\t\tx\x003\t4\ty\0");
    let counts: Vec<_> = changes.iter().map(|change| (change.path.as_str(), change.added)).collect();
    assert_eq!(counts, [("\tx", 1), ("y", 3)]);
}

proptest! {
    #[test]
    fn no_listing_stops_a_reader(bytes in listing()) {
        parse_changes(&bytes);
        parse_conflicts(&bytes);
        paths(&bytes);
        // An entry that is none is an error.
        let _ = parse_entry(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn changes_come_back_as_they_were(all in vec((name(), proptest::option::of(name()), 0_u64..2000, any::<bool>()), 0..6)) {
        let (mut raw, mut counts) = (String::new(), String::new());
        for (path, old, added, binary) in &all {
            let numbers = if *binary { "-\t-\t".to_owned() } else { format!("{added}\t7\t") };
            match old {
                Some(old) => {
                    raw += &format!(":100644 100644 aa bb R090\0{old}\0{path}\0");
                    counts += &format!("{numbers}\0{old}\0{path}\0");
                }
                None => {
                    raw += &format!(":100644 100644 aa bb M\0{path}\0");
                    counts += &format!("{numbers}{path}\0");
                }
            }
        }
        let changes = parse_changes(format!("{raw}{counts}").as_bytes());
        prop_assert_eq!(changes.len(), all.len());
        for (change, (path, old, added, binary)) in changes.iter().zip(&all) {
            prop_assert_eq!((&change.path, &change.old_path, change.binary), (path, old, *binary));
            prop_assert_eq!(change.kind == ChangeKind::Renamed, old.is_some());
            prop_assert_eq!(change.added, if *binary { 0 } else { *added });
        }
    }

    #[test]
    fn conflicts_come_back_as_they_were(files in vec("[a-z/ ]{1,9}", 1..5), said in vec("[a-z ]{1,20}[.]", 0..4)) {
        let mut text: String = files.iter().map(|file| format!("{file}\0")).collect();
        text.push('\0');
        for words in &said {
            text += &format!("1\0{}\0CONFLICT (contents)\0{words}\n\0", files[0]);
            text += "2\0a\0b\0Auto-merging\0Auto-merging a\n\0";
        }
        let (found, messages) = parse_conflicts(text.as_bytes());
        let expected: std::collections::BTreeSet<_> = files.iter().cloned().collect();
        prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        let said: Vec<_> = said.iter().map(|words| words.trim().to_owned()).collect();
        prop_assert_eq!(messages, said);
    }

    #[test]
    fn any_text_is_a_source_or_is_refused(text in ".{0,40}") {
        if let Ok(source) = text.parse::<Source>() {
            let shown = source.to_string();
            prop_assert!(!shown.starts_with("-o") || matches!(source, Source::Local(_)));
        }
    }
}

proptest! {
    // Each case asks git.
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn git_takes_every_branch_name_that_we_take(text in "[-a-zA-Z0-9/.@{}~^:?*\\[\\\\ \u{e9}]{0,14}|[a-z]{1,4}/[a-z.]{1,6}(lock)?") {
        for name in [text.clone(), format!("squad/{}", slug(&text))] {
            if let Ok(branch) = name.parse::<BranchName>() {
                let mut git = std::process::Command::new("git");
                let status = git.args(["check-ref-format", "--branch", branch.as_str()]).output().unwrap().status;
                prop_assert!(status.success(), "{name:?}");
            }
        }
    }
}
