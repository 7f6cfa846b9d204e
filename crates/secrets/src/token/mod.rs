//! Secrets that we draw and hand out: what a bearer shows is a token, what we store is its hash.
//!
//! A token reads `sqk_` (its kind), 43 random characters, 6 characters of checksum. The prefix tells people and secret
//! scanners what they found; the checksum refuses typos and half-copied tokens before any look-up. Both follow what GitHub
//! describes for its own ("Behind GitHub's new authentication token formats", 2021).

mod base62;
mod hash;

pub use hash::TokenHash;

use zeroize::Zeroizing;

/// Random characters: 43 of 62 carry 256.03 bits.
const RANDOM_CHARACTERS: usize = 43;

/// Characters of the checksum: 6 of 62 hold any CRC-32.
const CHECKSUM_CHARACTERS: usize = 6;

/// How much of a token a list may show: the prefix and this many of its random characters.
const HINT_CHARACTERS: usize = 4;

/// What a token is good for. Each has a prefix of its own, so that none passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Renews a session: `sqr_`.
    Refresh,
    /// Speaks for an account or a service on the API: `sqk_`.
    ApiKey,
    /// Proves that somebody reads an address, or lets them set a new password: `sqe_`.
    EmailLink,
    /// Joins an organization: `sqi_`.
    Invitation,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Refresh, Self::ApiKey, Self::EmailLink, Self::Invitation];

    /// What its tokens begin with.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "sqr_",
            Self::ApiKey => "sqk_",
            Self::EmailLink => "sqe_",
            Self::Invitation => "sqi_",
        }
    }
}

/// A token with its 256 random bits. Wiped from memory when dropped; its only way out is [`OpaqueToken::expose`].
pub struct OpaqueToken {
    kind: Kind,
    text: Zeroizing<String>,
}

redacted_debug!(OpaqueToken);

/// Why a text is no token. None of these needed a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It begins with no prefix of ours.
    #[error("this is not a token of Agent Squad")]
    UnknownKind,
    /// It is a token, but good for something else.
    #[error("this token is for something else: it begins with `{}`", .0.prefix())]
    OtherKind(Kind),
    /// Something is missing, added or changed.
    #[error("the token is incomplete or mistyped: copy it again, whole")]
    Mistyped,
}

impl OpaqueToken {
    /// Draws a new one.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        // Room for all of it from the start: a string that grows leaves a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(
            kind.prefix().len() + RANDOM_CHARACTERS + CHECKSUM_CHARACTERS,
        ));
        text.push_str(kind.prefix());
        base62::push_random(&mut text, RANDOM_CHARACTERS);
        let checksum = crc32fast::hash(text.as_bytes());
        base62::push_number(&mut text, checksum, CHECKSUM_CHARACTERS);
        Self { kind, text }
    }

    /// Reads what a bearer showed, whatever its kind.
    ///
    /// # Errors
    ///
    /// When it cannot be one of ours; the store need not be asked.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| text.starts_with(kind.prefix()))
            .ok_or(TokenError::UnknownKind)?;
        let body = &text[kind.prefix().len()..];
        if body.len() != RANDOM_CHARACTERS + CHECKSUM_CHARACTERS || !body.bytes().all(base62::is_digit) {
            return Err(TokenError::Mistyped);
        }
        let (signed, checksum) = text.split_at(text.len() - CHECKSUM_CHARACTERS);
        let mut expected = String::with_capacity(CHECKSUM_CHARACTERS);
        base62::push_number(&mut expected, crc32fast::hash(signed.as_bytes()), CHECKSUM_CHARACTERS);
        if checksum != expected {
            return Err(TokenError::Mistyped);
        }
        Ok(Self { kind, text: Zeroizing::new(text.to_owned()) })
    }

    /// Reads what a bearer showed where only one kind is good.
    ///
    /// # Errors
    ///
    /// As [`OpaqueToken::parse`], and when it is of another kind.
    pub fn parse_as(kind: Kind, text: &str) -> Result<Self, TokenError> {
        let token = Self::parse(text)?;
        if token.kind == kind { Ok(token) } else { Err(TokenError::OtherKind(token.kind)) }
    }

    /// What it is good for.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The token itself, to be shown to its bearer once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What is stored and looked up instead of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.text.as_bytes())
    }

    /// How a list may show it, so that its owner can tell it from others: `sqk_Ab3x…`. It gives away 24 of 256 bits.
    #[must_use]
    pub fn hint(&self) -> String {
        format!("{}…", &self.text[..self.kind.prefix().len() + HINT_CHARACTERS])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn a_token_reads_back_as_what_it_is() {
        for kind in Kind::ALL {
            let token = OpaqueToken::new(kind);
            assert_eq!(token.expose().len(), 4 + 43 + 6);
            let read = OpaqueToken::parse(token.expose()).unwrap();
            assert_eq!((read.kind(), read.hash()), (kind, token.hash()));
            assert!(OpaqueToken::parse_as(kind, token.expose()).is_ok());
        }
    }

    #[test]
    fn one_kind_does_not_pass_for_another() {
        let key = OpaqueToken::new(Kind::ApiKey);
        let refused = OpaqueToken::parse_as(Kind::Refresh, key.expose()).unwrap_err();
        assert_eq!(refused, TokenError::OtherKind(Kind::ApiKey));
        let renamed = key.expose().replacen("sqk_", "sqr_", 1);
        assert_eq!(
            OpaqueToken::parse(&renamed).unwrap_err(),
            TokenError::Mistyped,
            "the checksum covers the prefix"
        );
    }

    #[test]
    fn no_two_are_the_same_and_every_character_is_used() {
        let tokens: Vec<_> = (0..200).map(|_| OpaqueToken::new(Kind::Refresh)).collect();
        assert_eq!(tokens.iter().map(OpaqueToken::hash).collect::<HashSet<_>>().len(), 200);
        let used: HashSet<char> = tokens.iter().flat_map(|token| token.expose()[4..47].chars()).collect();
        assert_eq!(used.len(), 62);
    }

    #[test]
    fn a_token_shows_in_no_debug_output_and_only_its_front_in_a_hint() {
        let token = OpaqueToken::new(Kind::ApiKey);
        assert_eq!(format!("{token:?}"), "OpaqueToken([redacted])");
        assert_eq!(token.hint(), format!("{}…", &token.expose()[..8]));
    }

    #[test]
    fn the_format_is_fixed() {
        // The checksum as computed independently: python3 -c "import zlib; print(zlib.crc32(b'sqk_' + b'0' * 43))" is 2819610774.
        let known = "sqk_000000000000000000000000000000000000000000034onZ8";
        assert_eq!(OpaqueToken::parse(known).unwrap().kind(), Kind::ApiKey);
    }

    #[test]
    fn what_is_no_token_is_refused_and_never_panics() {
        for text in ["", "sqk_", "sqx_abc", "ghp_0123456789", "sqk_é", "Bearer sqk_", "sqk"] {
            assert!(OpaqueToken::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_changed_character_is_refused(at in 0_usize..53, to in proptest::char::range('!', '~')) {
            let token = OpaqueToken::new(Kind::EmailLink);
            let mut changed: Vec<char> = token.expose().chars().collect();
            prop_assume!(changed[at] != to);
            changed[at] = to;
            let changed: String = changed.into_iter().collect();
            prop_assert!(OpaqueToken::parse(&changed).is_err());
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "(sq[rkei]_)?\\PC{0,60}") {
            let _ = OpaqueToken::parse(&text);
        }
    }
}
