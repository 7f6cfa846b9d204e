//! Amounts: US dollars on the wire, micro-dollars inside.

use garde::Error;
use squad_domain::money::MicroUsd;

/// The largest amount that is taken, in dollars.
const MOST: f64 = 1_000_000_000.0;

/// An amount that can be spent.
pub(crate) fn dollars(amount: &Option<f64>, (): &()) -> garde::Result {
    match amount {
        Some(amount) if !(0.0..=MOST).contains(amount) => {
            Err(Error::new("is an amount of US dollars, from 0 to 1000000000"))
        }
        _ => Ok(()),
    }
}

/// The same, where a change brings one.
pub(crate) fn changed_dollars(amount: &Option<Option<f64>>, context: &()) -> garde::Result {
    amount.as_ref().map_or(Ok(()), |amount| dollars(amount, context))
}

/// As micro-dollars, rounded to the nearest.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "its range was checked by `dollars`"
)]
pub(crate) fn micros(dollars: f64) -> MicroUsd {
    MicroUsd::from_micros((dollars.clamp(0.0, MOST) * 1_000_000.0).round() as u64)
}
