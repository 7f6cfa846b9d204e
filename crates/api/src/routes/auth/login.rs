//! `POST /auth/login`.

use crate::app::App;
use crate::dto::rules;
use crate::extract::Json;
use crate::identity::{Device, SignedInBody, Slowing, second_factor, sign_in};
use crate::middleware::address;
use crate::problem::{Answer, Code, Problem};
use axum::extract::{FromRequest as _, Request, State};
use axum_extra::extract::CookieJar;
use garde::Validate;
use serde::Deserialize;
use squad_secrets::password::Verdict;
use squad_storage::{Account, Author};
use utoipa::ToSchema;

/// Somebody who signs in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Login {
    /// The address.
    #[garde(custom(rules::email))]
    #[schema(example = "ada@example.com")]
    email: String,
    /// The password.
    #[garde(length(bytes, max = 1024))]
    #[schema(example = "quiet-otter-under-9-bridges", format = Password)]
    password: String,
    /// A code of the authenticator app, or a recovery code, where a second factor is set up.
    #[garde(inner(length(max = 64)))]
    #[schema(example = "123456")]
    code: Option<String>,
    /// For browsers: the tokens go into cookies that no script can read, and the body holds a value for `x-csrf-token`.
    #[garde(skip)]
    #[serde(default)]
    cookies: bool,
}

/// Signs in
///
/// Where a second factor is set up, the answer without a code is `second_factor_required`: send the same with one. After
/// a few failures, attempts on the account have to wait, longer each time.
#[utoipa::path(
    post,
    path = "/auth/login",
    operation_id = "login",
    tag = "identity",
    request_body = Login,
    responses((status = 200, description = "Signed in", body = SignedInBody)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    jar: CookieJar,
    request: Request,
) -> Answer<(CookieJar, axum::Json<SignedInBody>)> {
    let (parts, body) = request.into_parts();
    let device = Device::new(&parts.headers, address::of(&parts, &app));
    let Json(body) = Json::<Login>::from_request(Request::from_parts(parts, body), &app).await?;
    let (email, now) = (rules::address(&body.email), app.now());
    let slowing = Slowing::new(&email, device.address);
    slowing.check(&app, now).await?;
    let account = app.storage().account_of(&email).await?;
    let author = |account: &Account| Author {
        actor: format!("user:{}", account.user.id),
        address: device.address.to_string(),
        at: now,
    };
    let verdict = check(&app, account.as_ref(), body.password, body.code.as_deref(), now).await;
    match (account, verdict) {
        (Some(account), Ok(())) => {
            slowing.succeeded(&app).await?;
            app.storage()
                .audit_sign_in(account.user.id, &author(&account), "user.signed_in", serde_json::json!({}))
                .await?;
            let signed_in = sign_in(&app, account.user, device, now).await?;
            Ok(signed_in.answer(&app, jar, body.cookies))
        }
        (account, Err(problem)) => {
            if problem.code() == Code::SignInRefused {
                slowing.failed(&app, now).await?;
                if let Some(account) = account {
                    app.storage()
                        .audit_sign_in(
                            account.user.id,
                            &author(&account),
                            "user.sign_in_refused",
                            serde_json::json!({}),
                        )
                        .await?;
                }
            }
            Err(problem)
        }
        (None, Ok(())) => Err(Problem::internal()),
    }
}

/// Whether it is them: the password, the second factor, an address that is theirs.
async fn check(
    app: &App,
    account: Option<&Account>,
    password: String,
    code: Option<&str>,
    now: squad_domain::Timestamp,
) -> Answer<()> {
    let refused = || Problem::new(Code::SignInRefused, "address and password (or code) do not match");
    let hash = account.and_then(|account| account.password_hash.clone());
    let verdict = app.hasher().verify(hash, password.clone()).await?;
    let account = account.filter(|_| verdict.is_right()).ok_or_else(refused)?;
    second_factor::check(app, account.user.id, code, now).await?;
    if account.user.email_verified_at.is_none() {
        return Err(Problem::new(
            Code::EmailNotVerified,
            "follow the link in the mail to that address first",
        ));
    }
    if verdict == Verdict::RightButOld {
        let hash = app.hasher().rehash(password).await?;
        app.storage().set_password(account.user.id, &hash, now).await?;
    }
    Ok(())
}
