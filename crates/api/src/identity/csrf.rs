//! Requests that a browser makes with our cookies, but that another page made it make.
//!
//! The page shows in a header what only it can read: a value that belongs to the access token in the cookie. A page of
//! somebody else can neither read that value nor set the header.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// The value that goes with an access token. Who has the value cannot make the token of it.
pub(super) fn value(access_token: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(access_token.as_bytes()).expect("a key may have any length");
    mac.update(b"agent-squad/csrf/v1");
    BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())
}

/// Whether the value goes with the access token.
pub(crate) fn is_ours(access_token: &str, shown: &str) -> bool {
    value(access_token).as_bytes().ct_eq(shown.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_good_for_its_own_token_only() {
        let shown = value("a.b.c");
        assert!(is_ours("a.b.c", &shown));
        for (token, shown) in [("a.b.d", shown.as_str()), ("a.b.c", ""), ("a.b.c", &shown[1..])] {
            assert!(!is_ours(token, shown), "{token} {shown}");
        }
    }
}
