//! Search for words, the same on both databases and without their extensions: every word must be part of the text, in
//! capitals or not.

use super::conditions::Conditions;

/// Words that are looked for; what is typed after them is left out.
const MAX_WORDS: usize = 12;
/// Characters of a word that are looked for. SQLite refuses patterns of more than 50,000 bytes.
const MAX_WORD: usize = 200;

/// The expression by which a text in a column is compared.
fn folded(column: &str) -> String {
    format!("lower({column})")
}

/// The patterns of which one must fit the folded column. The databases may know the capitals of ASCII only (SQLite always,
/// Postgres by its locale), so a word with others is looked for in each way in which people write it.
fn patterns(word: &str) -> Vec<String> {
    let word: String = word.chars().take(MAX_WORD).collect();
    let mut first = word.chars();
    let capitalized: String = first
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(first.flat_map(char::to_lowercase))
        .collect();
    let mut ways = vec![word.to_lowercase()];
    for way in [word.clone(), word.to_uppercase(), capitalized] {
        let way = way.to_ascii_lowercase();
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways.iter().map(|way| format!("%{}%", escaped(way))).collect()
}

/// What stands for itself in a pattern, whose escape is `!`.
fn escaped(word: &str) -> String {
    let mut text = String::with_capacity(word.len());
    for char in word.chars() {
        if matches!(char, '%' | '_' | '!') {
            text.push('!');
        }
        text.push(char);
    }
    text
}

/// And each word of `text` is found. `place` says where a word may be: it is given the word, the conditions to bind more
/// values, and how to ask whether a column holds the word.
pub(super) fn and_words(
    conditions: &mut Conditions,
    text: &str,
    place: impl Fn(&str, &mut Conditions, &dyn Fn(&str) -> String) -> String,
) {
    // The character zero is in no text column.
    for word in text
        .split(|char: char| char.is_whitespace() || char == '\0')
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
    {
        let placeholders: Vec<String> =
            patterns(word).into_iter().map(|pattern| conditions.bind(pattern)).collect();
        let holds = move |column: &str| {
            let column = folded(column);
            let fits: Vec<String> =
                placeholders.iter().map(|pattern| format!("{column} LIKE {pattern} ESCAPE '!'")).collect();
            fits.join(" OR ")
        };
        let found = place(word, conditions, &holds);
        conditions.and(&found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_themselves() {
        assert_eq!(patterns("50%_!"), ["%50!%!_!!%"]);
    }

    #[test]
    fn capitals_that_a_database_may_not_know_are_looked_for_as_people_write_them() {
        assert_eq!(patterns("Cart"), ["%cart%"]);
        assert_eq!(patterns("übung"), ["%übung%", "%Übung%"]);
        assert!(patterns("ÜBUNG").contains(&"%übung%".to_owned()));
    }
}
