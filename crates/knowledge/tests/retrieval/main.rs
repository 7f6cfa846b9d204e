//! Questions that members ask, and where the answer stands. Breaks when ranking does.

use squad_domain::ids::ExecutionId;
use squad_knowledge::{Document, Knowledge, Source, render};
use squad_storage::Memory;
use time::macros::datetime;
use uuid::Uuid;

fn document(path: &str, text: &str) -> Document {
    Document { path: path.to_owned(), text: text.to_owned() }
}

fn documents() -> Vec<Document> {
    vec![
        document("README.md", include_str!("shop/README.md")),
        document("CONTRIBUTING.md", include_str!("shop/CONTRIBUTING.md")),
        document("docs/architecture.md", include_str!("shop/docs/architecture.md")),
        document("docs/money.md", include_str!("shop/docs/money.md")),
        document("docs/operations.rst", include_str!("shop/docs/operations.rst")),
    ]
}

fn memory(text: &str, tags: &[&str], day: i64) -> Memory {
    Memory {
        text: text.to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        at: datetime!(2026-03-01 12:00 UTC) + time::Duration::days(day),
        execution: ExecutionId(Uuid::nil()),
        member: "Quinn".into(),
        repository: "/srv/git/shop".into(),
    }
}

fn memories() -> Vec<Memory> {
    vec![
        memory(
            "The checkout tests hang unless REDIS_URL points at a running server.",
            &["tests", "redis"],
            3,
        ),
        memory("Ada wants error messages of the API in German as well.", &["api", "i18n"], 2),
        memory("the checkout tests hang unless REDIS_URL points at a running server. ", &["flaky"], 1),
    ]
}

fn places(knowledge: &Knowledge, query: &str) -> Vec<String> {
    knowledge.search(query, 3).iter().map(|hit| hit.source.to_string()).collect()
}

#[test]
fn the_answer_comes_first() {
    let knowledge = Knowledge::build(documents(), memories());
    for (question, answer) in [
        ("how do I run the tests?", "CONTRIBUTING.md#Running the tests"),
        ("which commands start the server locally", "README.md#Getting started"),
        ("how are amounts rounded", "docs/money.md#Rounding"),
        ("rounding of VAT on an invoice line", "docs/money.md#Rounding"),
        ("floating point prices", "docs/money.md#Representation"),
        ("PriceCalculator", "docs/architecture.md#Pricing"),
        ("where is the price calculated", "docs/architecture.md#Pricing"),
        ("apply_discount", "docs/architecture.md#Discounts"),
        ("restoring a backup of the database", "docs/operations.rst#Restoring a backup"),
        ("what happens when a payment webhook arrives twice", "docs/architecture.md#Payments"),
        ("ERR_CART_EXPIRED", "docs/operations.rst#Error codes"),
        ("commit message style", "CONTRIBUTING.md#Commits"),
        ("checkout test hangs", "remembered by Quinn on 2026-03-04"),
        ("language of API errors", "remembered by Quinn on 2026-03-03"),
    ] {
        let found = places(&knowledge, question);
        assert_eq!(found.first().map(String::as_str), Some(answer), "{question}: {found:?}");
    }
}

#[test]
fn what_nobody_wrote_is_not_found() {
    let knowledge = Knowledge::build(documents(), memories());
    for question in ["kubernetes helm chart", "", "how is it?", "🦀"] {
        assert!(places(&knowledge, question).is_empty(), "{question}");
    }
    assert!(render(&knowledge.search("kubernetes", 3)).contains("search_code"));
    let nothing = Knowledge::build(vec![], vec![]);
    assert!(nothing.is_empty() && nothing.search("tests", 3).is_empty());
}

#[test]
fn what_was_remembered_twice_is_told_once() {
    let knowledge = Knowledge::build(vec![], memories());
    assert_eq!(places(&knowledge, "checkout tests redis"), ["remembered by Quinn on 2026-03-04"]);
}

#[test]
fn a_model_is_told_where_each_answer_stands() {
    let knowledge = Knowledge::build(documents(), memories());
    let hits = knowledge.search("rounding half up", 1);
    let Source::Document { path, headings, line } = &hits[0].source else { panic!("{hits:?}") };
    assert_eq!((path.as_str(), headings.join("/")), ("docs/money.md", "Money/Rounding".to_owned()));
    let quoted = include_str!("shop/docs/money.md").lines().nth(line - 1).unwrap_or_default();
    assert!(hits[0].text.starts_with(quoted) && !quoted.is_empty());
    let told = render(&hits);
    assert!(
        told.starts_with(&format!("[1] docs/money.md, line {line}: Money > Rounding\n{quoted}")),
        "{told}"
    );
}

#[test]
fn an_answer_has_an_end() {
    let long: Vec<Document> = (0..40)
        .map(|n| document(&format!("docs/{n}.md"), &format!("# Cart {n}\n{}", "cart words ".repeat(140))))
        .collect();
    let knowledge = Knowledge::build(long, vec![]);
    let hits = knowledge.search("cart", 40);
    assert_eq!(hits.len(), 40);
    let told = render(&hits);
    assert!(told.len() < 13_000 && told.contains("more left out"), "{}", told.len());
    assert_eq!(hits, knowledge.search("cart", 40), "the same question finds the same");
}
