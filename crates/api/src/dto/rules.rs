//! Rules that several bodies share, with what to do instead.

use garde::Error;

/// Longest name of anything, in characters.
pub(crate) const NAME: usize = 100;

/// An address as it is compared: trimmed, in lower case.
pub(crate) fn address(text: &str) -> String {
    text.trim().to_lowercase()
}

/// An address that mail can be sent to.
pub(crate) fn email(text: &str, (): &()) -> garde::Result {
    let text = text.trim();
    let plain = text.len() <= 254 && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    let parts = text.rsplit_once('@');
    let whole = parts.is_some_and(|(user, host)| {
        !user.is_empty()
            && user.len() <= 64
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            || !user.is_empty() && host == "localhost"
    });
    if plain && whole { Ok(()) } else { Err(Error::new("write an address such as `ada@example.com`")) }
}

/// A name: something to read, on one line.
pub(crate) fn name(text: &str, (): &()) -> garde::Result {
    let length = text.trim().chars().count();
    if length == 0 {
        return Err(Error::new("give a name"));
    }
    if length > NAME {
        return Err(Error::new(format!("is at most {NAME} characters long")));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::new("is one line of text"));
    }
    Ok(())
}

/// A name that may be left out.
pub(crate) fn optional_name(text: &Option<String>, context: &()) -> garde::Result {
    text.as_deref().map_or(Ok(()), |text| name(text, context))
}

/// Something to read, on one line of at most `N` characters.
pub(crate) fn line<const N: usize>(text: &str, (): &()) -> garde::Result {
    if text.trim().is_empty() {
        return Err(Error::new("is not empty"));
    }
    if text.chars().count() > N {
        return Err(Error::new(format!("is at most {N} characters long")));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::new("is one line of text"));
    }
    Ok(())
}

/// A line that may be left out.
pub(crate) fn optional_line<const N: usize>(text: &Option<String>, context: &()) -> garde::Result {
    text.as_deref().map_or(Ok(()), |text| line::<N>(text, context))
}

/// Some text, of at most `N` bytes.
pub(crate) fn text<const N: usize>(text: &str, context: &()) -> garde::Result {
    if text.trim().is_empty() {
        return Err(Error::new("write something"));
    }
    at_most::<N>(text, context)
}

/// At most `N` bytes of text.
pub(crate) fn at_most<const N: usize>(text: &str, (): &()) -> garde::Result {
    if text.len() <= N { Ok(()) } else { Err(Error::new(format!("is at most {} kB long", N / 1000))) }
}

/// At most `N` bytes of text, or none.
pub(crate) fn optional_at_most<const N: usize>(text: &Option<String>, context: &()) -> garde::Result {
    text.as_deref().map_or(Ok(()), |text| at_most::<N>(text, context))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_mail_cannot_reach_are_refused() {
        for good in ["ada@example.com", " a.b+c@x.y.org ", "root@localhost"] {
            assert!(email(good, &()).is_ok(), "{good}");
        }
        for bad in
            ["", "ada", "@x.y", "a b@x.y", "a@x", "a@.x.y", "a\r\n@x.y", &format!("{}@x.y", "a".repeat(70))]
        {
            assert!(email(bad, &()).is_err(), "{bad}");
        }
    }
}
