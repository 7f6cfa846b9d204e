//! The second factor: a code of an authenticator app, or one of the recovery codes. Each is good once.

use crate::app::App;
use crate::problem::{Answer, Code, Problem};
use data_encoding::BASE64;
use squad_domain::Timestamp;
use squad_domain::ids::UserId;
use squad_secrets::totp::{RecoveryCode, Step, TotpSecret};

/// Where the secret of somebody's authenticator is sealed for.
fn context(user: &UserId) -> [&[u8]; 2] {
    [b"user_totp", user.0.as_bytes()]
}

/// The secret, for the database.
pub(crate) fn seal(app: &App, user: UserId, secret: &TotpSecret) -> String {
    BASE64.encode(&app.master().seal(secret.expose(), &context(&user)))
}

/// The secret, from the database.
pub(crate) fn open(app: &App, user: UserId, sealed: &str) -> Answer<TotpSecret> {
    let failed = |why: &dyn std::fmt::Display| {
        tracing::error!(%user, %why, "the secret of a second factor cannot be opened");
        Problem::internal()
    };
    let sealed = BASE64.decode(sealed.as_bytes()).map_err(|error| failed(&error))?;
    let plain = app.master().open(&sealed, &context(&user)).map_err(|error| failed(&error))?;
    TotpSecret::from_bytes(&plain).map_err(|error| failed(&error))
}

/// Whether the code is good, where one is needed.
pub(crate) async fn check(app: &App, user: UserId, code: Option<&str>, now: Timestamp) -> Answer<()> {
    let Some(row) = app.storage().totp(user).await?.filter(|row| row.confirmed_at.is_some()) else {
        return Ok(());
    };
    let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
        return Err(Problem::new(
            Code::SecondFactorRequired,
            "send the same with `code`: that of your authenticator app, or a recovery code",
        ));
    };
    let refused = || Problem::new(Code::SignInRefused, "address and password (or code) do not match");
    let secret = open(app, user, &row.secret_sealed)?;
    let good = match secret.verify(code, now, row.last_step.map(Step)) {
        Some(step) => app.storage().use_totp_step(user, step.0).await?,
        None => {
            let code = RecoveryCode::parse(code).map_err(|_| refused())?;
            app.storage().use_recovery_code(user, &code.hash(user.0).to_hex(), now).await?
        }
    };
    if good { Ok(()) } else { Err(refused()) }
}
