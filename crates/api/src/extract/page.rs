//! Lists in pages. A cursor is opaque: what it holds may change with every version.

use crate::problem::{Code, Problem};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use squad_storage::Page;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How much of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// At most so many, up to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(default = "default_limit")]
    limit: u64,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

const fn default_limit() -> u64 {
    50
}

/// The most that one page holds.
const MOST: u64 = 200;

/// A place in a list, as clients carry it.
pub(crate) struct Cursor;

impl Cursor {
    pub(crate) fn write<T: Serialize>(place: &T) -> String {
        // Ids and moments: there is nothing in them that JSON could not hold.
        BASE64URL_NOPAD.encode(&serde_json::to_vec(place).unwrap_or_default())
    }

    pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
        let place = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        let place = place.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        place.ok_or_else(|| {
            Problem::new(Code::InvalidCursor, "begin anew, without `cursor`; use `next_cursor` as it comes")
        })
    }
}

impl PageQuery {
    /// At most so many.
    pub(crate) fn limit(&self) -> Result<u64, Problem> {
        if (1..=MOST).contains(&self.limit) {
            return Ok(self.limit);
        }
        Err(Problem::field("limit", format!("is from 1 to {MOST}")))
    }

    /// The place that the cursor names, where there is one.
    pub(crate) fn place<T: DeserializeOwned>(&self) -> Result<Option<T>, Problem> {
        self.cursor.as_deref().map(Cursor::read).transpose()
    }

    /// For lists in the order of their ids: one more than asked for, which shows whether there is more.
    pub(crate) fn by_id(&self) -> Result<Page, Problem> {
        Ok(Page { limit: self.limit()? + 1, before: self.place::<Uuid>()? })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let page = super::Query::<Self>::from_request_parts(parts, state).await?.0;
        page.limit()?;
        Ok(page)
    }
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The things.
    items: Vec<T>,
    /// Goes into `cursor` for the next part. Absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page of rows, of which one more than `limit` was asked for.
    pub(crate) fn page<R, P: Serialize>(
        mut rows: Vec<R>,
        limit: u64,
        place: impl Fn(&R) -> P,
        show: impl Fn(R) -> T,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| Cursor::write(&place(row)));
        Self { items: rows.into_iter().map(show).collect(), next_cursor }
    }

    /// A list that is always whole.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}
