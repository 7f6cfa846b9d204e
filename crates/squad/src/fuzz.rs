//! No text that people write stops a reader, and what is refused is refused by line.

use crate::commands::budget::Limit;
use crate::commands::run::PriceFlag;
use crate::config;
use crate::squads;
use proptest::collection::vec;
use proptest::prelude::*;

/// Text that looks like one of our files, and any other.
fn file() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "name = \"Pair\"\n",
            "description = \"x\"\n",
            "[[members]]\n",
            "name = \"Bea\"\nrole = \"backend_developer\"\n",
            "role = \"nobody\"\n",
            "model = \"a/b\"\n",
            "model = 3\n",
            "budget = -1\n",
            "budget = 1e400\n",
            "max_turns = 99999999999999999999\n",
            "allowed_paths = [\"[\"]\n",
            "hosts = [\"*\"]\n",
            "[limits]\nfix_rounds = 3\n",
            "[prices.\"a/b\"]\ninput = \"x\"\n",
            "[mcp.a]\n",
            "profile = { default = [] }\n",
            "[profile]\nfallback = [\"a\"]\n",
            "= ",
            "\"\"\"",
            "{",
            "]",
            "\u{0}",
            "\u{feff}",
            "\r",
            "#",
            "''",
        ])
        .prop_map(ToOwned::to_owned),
        ".{0,12}\n?",
    ];
    vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_file_is_a_configuration_or_is_refused_by_line(text in file()) {
        if let Err(error) = config::check_text(&text) {
            let said = error.to_string();
            let line: usize = said.split(':').nth(1).and_then(|line| line.parse().ok()).expect("names its line");
            prop_assert!(line >= 1 && line <= text.split('\n').count().max(1), "{said} in {text:?}");
        }
    }

    #[test]
    fn any_file_is_a_squad_or_is_refused_by_line(text in file()) {
        if let Err(error) = squads::check_text(&text) {
            let said = error.to_string();
            let line: usize = said.split(':').nth(1).and_then(|line| line.parse().ok()).expect("names its line");
            prop_assert!(line >= 1 && line <= text.split('\n').count().max(1), "{said} in {text:?}");
        }
    }

    #[test]
    fn any_amount_is_taken_exactly_or_refused(text in "[-+$0-9.,e/ a-z]{0,24}|.{0,12}") {
        // What is refused says why; nothing falls over, however large.
        let _ = text.parse::<PriceFlag>().map_err(|said| assert!(!said.is_empty()));
        let _ = text.parse::<Limit>().map_err(|said| assert!(!said.is_empty()));
    }

    #[test]
    fn prices_come_back_as_they_were_typed(whole in 0_u64..1_000_000, cents in 0_u64..100, output in 0_u64..1_000_000) {
        let price: PriceFlag = format!("{whole}.{cents:02}/{output}").parse().expect("a price");
        prop_assert_eq!(price.micros(), (whole * 1_000_000 + cents * 10_000, output * 1_000_000));
    }
}
