//! The second factor.

use crate::dto::moment::Moment;
use serde::Serialize;
use squad_secrets::totp::RecoveryCode;
use squad_storage::TotpRow;
use utoipa::ToSchema;

/// Whether signing in needs a code.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecondFactor {
    /// Whether it does.
    enabled: bool,
    /// Since when; absent where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled_at: Option<Moment>,
    /// Recovery codes that were not used yet.
    #[schema(minimum = 0)]
    recovery_codes_left: u64,
}

impl From<Option<TotpRow>> for SecondFactor {
    fn from(row: Option<TotpRow>) -> Self {
        let row = row.filter(|row| row.confirmed_at.is_some());
        let recovery_codes_left = row.as_ref().map_or(0, |row| row.codes_left);
        let enabled_at = row.and_then(|row| row.confirmed_at);
        Self { enabled: enabled_at.is_some(), enabled_at: enabled_at.map(Moment), recovery_codes_left }
    }
}

/// What an authenticator app needs to know. It is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Enrolment {
    /// To type, where no camera is at hand.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub(crate) secret: String,
    /// To show as a QR code.
    #[schema(
        example = "otpauth://totp/Agent%20Squad:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Agent%20Squad"
    )]
    pub(crate) uri: String,
}

/// Each lets them in once, without their phone. They are shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// The codes, to be printed or kept in a safe place.
    #[schema(example = json!(["7k2m-9xqd-h4tn-0wzb"]))]
    recovery_codes: Vec<String>,
}

impl From<&[RecoveryCode]> for RecoveryCodes {
    fn from(codes: &[RecoveryCode]) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.to_text().to_string()).collect() }
    }
}
