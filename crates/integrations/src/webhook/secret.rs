//! The secrets of endpoints, as they are stored: sealed, each for its own endpoint.

use data_encoding::BASE64;
use squad_domain::ids::OrgId;
use squad_secrets::seal::{MasterKeys, OpenError};
use squad_secrets::webhook::{WebhookSecret, WebhookSecretError};
use uuid::Uuid;
use zeroize::Zeroizing;

/// A stored secret cannot be used. It repeats nothing of the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It is not what was stored, or is another endpoint's, or its master key is missing.
    #[error("the webhook's secret cannot be opened: {0}")]
    Open(#[from] OpenError),
    /// What is stored is not sealed at all.
    #[error("the webhook's secret is not sealed as it should be; give the webhook a new one")]
    Unreadable,
    /// What was sealed is no secret.
    #[error(transparent)]
    Secret(#[from] WebhookSecretError),
}

/// Where it belongs. Old and new have the same context: replacing a secret moves it from one column to the other.
fn context<'a>(org: &'a OrgId, endpoint: &'a Uuid) -> [&'a [u8]; 4] {
    [org.0.as_bytes(), b"webhook_endpoints", endpoint.as_bytes(), b"secret"]
}

/// Seals the secret of an endpoint, for its column.
#[must_use]
pub fn seal_secret(keys: &MasterKeys, org: OrgId, endpoint: Uuid, secret: &WebhookSecret) -> String {
    BASE64.encode(&keys.seal(secret.to_text().as_bytes(), &context(&org, &endpoint)))
}

/// Opens the secret of an endpoint.
///
/// # Errors
/// Where it is not one that was sealed for this endpoint with one of these keys.
pub fn open_secret(
    keys: &MasterKeys,
    org: OrgId,
    endpoint: Uuid,
    sealed: &str,
) -> Result<WebhookSecret, SecretError> {
    let sealed = BASE64.decode(sealed.as_bytes()).map_err(|_| SecretError::Unreadable)?;
    let opened = keys.open(&sealed, &context(&org, &endpoint))?;
    let text = Zeroizing::new(String::from_utf8(opened.to_vec()).map_err(|_| SecretError::Unreadable)?);
    Ok(WebhookSecret::parse(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use squad_secrets::seal::MasterKey;

    #[test]
    fn a_secret_opens_for_its_own_endpoint_and_for_no_other() {
        let keys = MasterKeys::new(MasterKey::generate());
        let (org, other) = (OrgId(Uuid::from_u128(1)), OrgId(Uuid::from_u128(2)));
        let (one, two) = (Uuid::from_u128(3), Uuid::from_u128(4));
        let secret = WebhookSecret::generate();
        let sealed = seal_secret(&keys, org, one, &secret);
        assert_eq!(*open_secret(&keys, org, one, &sealed).unwrap().to_text(), *secret.to_text());
        assert!(matches!(open_secret(&keys, org, two, &sealed), Err(SecretError::Open(_))));
        assert!(matches!(open_secret(&keys, other, one, &sealed), Err(SecretError::Open(_))));
        assert!(matches!(open_secret(&keys, org, one, "?"), Err(SecretError::Unreadable)));
    }
}
