//! Data folders and databases that cannot be used.

use super::{WILLING, greeting, says, solo};
use crate::support::{House, end};
use std::path::Path;

/// What is done to the bytes of a database.
type Damage = fn(&mut Vec<u8>);

/// Every command that only looks, or speaks to what is there.
const READERS: &[&[&str]] = &[
    &["list"],
    &["show"],
    &["watch"],
    &["resume"],
    &["approve"],
    &["reject", "--reason", "no"],
    &["answer", "x", "q1", "yes"],
    &["retry"],
    &["message", "x", "hello"],
    &["pause"],
    &["cancel"],
    &["clean"],
];

#[test]
fn who_reads_makes_no_folder() {
    let house = House::new();
    for reader in READERS {
        let done = end(&mut house.squad(&[*reader, &["--data-dir", "nowhere"]].concat()));
        says(&done, 2, &["nothing was started there yet"]);
        assert!(!house.folder().join("nowhere").exists(), "{reader:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_a_matter_of_configuration() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "shop");
    std::fs::write(house.folder().join("file"), "x").unwrap();
    for place in ["file", "file/below", "/proc/nowhere"] {
        says(&end(&mut solo(&house, &folder, &["--data-dir", place])), 2, &["--data-dir"]);
    }
}

#[test]
fn a_database_that_cannot_be_used_is_left_as_it_is() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "shop");
    let done = end(&mut solo(&house, &folder, &["--data-dir", "good"]));
    assert_eq!(done.exit, 0, "{}", done.err);
    let good = house.folder().join("good/squad.db");
    settle(&good);
    let bytes = std::fs::read(&good).unwrap();
    let cases: &[(&str, Damage, &str)] = &[
        ("newer", |bytes| of_the_future(bytes), "made by a newer version of squad"),
        ("header", |bytes| bytes[..16].copy_from_slice(b"garbage garbage!"), "restore a backup"),
        ("cut", |bytes| bytes.truncate(5000), "restore a backup"),
        ("pages", |bytes| bytes[20_000..].fill(0x5a), "restore a backup"),
    ];
    for (name, damage, said) in cases {
        let place = house.folder().join(name);
        std::fs::create_dir(&place).unwrap();
        let mut damaged = bytes.clone();
        damage(&mut damaged);
        std::fs::write(place.join("squad.db"), &damaged).unwrap();
        says(&end(&mut house.squad(&["list", "--data-dir", name])), 2, &[said]);
        says(&end(&mut solo(&house, &folder, &["--data-dir", name])), 2, &[said]);
        assert!(std::fs::read(place.join("squad.db")).unwrap() == damaged, "{name}: it was written to");
    }
    // Garbage beside an intact file is no part of it: what is committed stays.
    std::fs::write(house.folder().join("good/squad.db-wal"), vec![0x5a; 50_000]).unwrap();
    assert_eq!(end(&mut house.squad(&["list", "--json", "--data-dir", "good"])).json().len(), 1);
}

/// With a migration that this version does not know.
fn of_the_future(bytes: &mut [u8]) {
    let known = b"m0001_initial";
    let found: Vec<usize> =
        bytes.windows(known.len()).enumerate().filter(|(_, seen)| seen == known).map(|(at, _)| at).collect();
    assert!(!found.is_empty());
    found.into_iter().for_each(|at| bytes[at..][..known.len()].copy_from_slice(b"m9001_later__"));
}

/// Moves everything into the one file, as the last one to close it would.
fn settle(database: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let storage = squad_storage::Storage::open(&squad_storage::sqlite_url(database)).await.unwrap();
        storage.close().await;
    });
}

#[test]
fn what_has_ended_can_be_cleaned_away_and_nothing_else() {
    let house = House::playing(WILLING);
    let (folder, other) = (greeting(&house, "shop"), greeting(&house, "other"));
    let failed = end(&mut solo(&house, &folder, &["--approve", "always"]));
    assert_eq!(failed.exit, 3, "{}", failed.err);
    assert_eq!(end(&mut house.squad(&["cancel"])).exit, 0);
    assert_eq!(end(&mut solo(&house, &other, &["--approve", "always"])).exit, 3);
    let rows = end(&mut house.squad(&["list", "--json"])).json();
    let id = |status: &str| {
        let row = rows.iter().find(|row| row["status"] == status).unwrap();
        row["execution_id"].as_str().unwrap().to_owned()
    };
    let (ended, open) = (id("cancelled"), id("blocked"));
    let files = |id: &str| house.data().join("executions").join(id);

    let shown = end(&mut house.squad(&["clean", "--json"])).json();
    assert_eq!(shown.len(), 1);
    assert_eq!((&shown[0]["execution_id"], &shown[0]["deleted"]), (&ended.as_str().into(), &false.into()));
    assert!(shown[0]["bytes"].as_u64().unwrap() > 10_000 && files(&ended).exists());
    says(&end(&mut house.squad(&["clean", &open])), 2, &["is unfinished", "squad cancel"]);
    let done = end(&mut house.squad(&["clean", "--all"]));
    assert!(done.exit == 0 && done.out.contains("are free again"), "{}{}", done.out, done.err);
    assert!(!files(&ended).exists() && files(&open).exists());
    let again = end(&mut house.squad(&["clean"]));
    assert!(again.out.contains("nothing to delete"), "{}", again.out);
    let shown = end(&mut house.squad(&["show", &ended])).out;
    assert!(shown.contains("Say hello"), "the log stays: {shown}");
}
