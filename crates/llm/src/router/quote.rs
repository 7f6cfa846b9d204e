//! What a call may cost at worst.

use super::RouterError;
use crate::estimate::RequestSize;
use crate::{ModelRequest, PriceBook};
use squad_domain::model::{ModelRef, Price, Usage};
use squad_domain::money::MicroUsd;

/// The worst cases of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The dearest candidate's worst case: with this reserved, every candidate may be asked.
    pub worst: MicroUsd,
    /// The worst case of each candidate, in their order.
    pub candidates: Vec<(ModelRef, MicroUsd)>,
}

impl Quote {
    /// The worst case of the first candidate alone: the least that is worth reserving.
    #[must_use]
    pub fn first(&self) -> MicroUsd {
        self.candidates.first().map_or(MicroUsd::ZERO, |(_, worst)| *worst)
    }

    /// The candidates that may be asked with `ceiling` reserved.
    pub fn within(&self, ceiling: MicroUsd) -> impl Iterator<Item = &ModelRef> {
        self.candidates.iter().filter(move |(_, worst)| *worst <= ceiling).map(|(model, _)| model)
    }
}

pub(super) fn quote(
    prices: &PriceBook,
    candidates: &[ModelRef],
    request: &ModelRequest,
) -> Result<Quote, RouterError> {
    if candidates.is_empty() {
        return Err(RouterError::NoCandidates);
    }
    let size = RequestSize::of(request);
    let mut quoted = Vec::with_capacity(candidates.len());
    for model in candidates {
        if !request.tools.is_empty() && prices.limits(model).tools == Some(false) {
            return Err(RouterError::NoTools { model: model.clone() });
        }
        let worst = WorstCase::of(prices, model, size, request.max_output_tokens)
            .ok_or_else(|| RouterError::UnknownPrice { model: model.clone() })?;
        quoted.push((model.clone(), worst.cost(worst.max_output)));
    }
    let worst = quoted.iter().map(|(_, worst)| *worst).max().unwrap_or_default();
    Ok(Quote { worst, candidates: quoted })
}

/// The worst case of one candidate.
#[derive(Debug, Clone, Copy)]
pub(super) struct WorstCase {
    /// More input tokens than the request can be.
    pub(super) input: u64,
    /// The most output tokens that are asked for.
    pub(super) max_output: u32,
    /// Whether the request surely does not fit into what the model can read.
    pub(super) too_long: bool,
    price: Price,
}

impl WorstCase {
    /// With at most `asked` tokens of output. `None` where the price is not known.
    pub(super) fn of(prices: &PriceBook, model: &ModelRef, size: RequestSize, asked: u32) -> Option<Self> {
        let input = size.upper_bound_tokens();
        let limits = prices.limits(model);
        let price = dearest(prices.price(model)?, prices.price_for(model, input)?);
        let max_output = limits.max_output.map_or(asked, |most| most.min(asked));
        let too_long = limits.context.is_some_and(|context| size.estimated_tokens() > context);
        Some(Self { input, max_output, too_long, price })
    }

    /// With `output` tokens. The input may be written into the cache, which costs more at some providers.
    pub(super) fn cost(&self, output: u32) -> MicroUsd {
        let input = self.price.input.max(self.price.cache_write.unwrap_or_default());
        let price = Price { input, cached_input: None, cache_write: None, ..self.price };
        price.cost(&Usage { input: self.input, output: u64::from(output), ..Usage::default() })
    }

    /// The most output that `ceiling` pays for, if it is at least half of what is asked for. After an attempt that was
    /// billed and lost, a little less than everything is left.
    pub(super) fn affordable(&self, ceiling: MicroUsd) -> Option<u32> {
        if self.cost(self.max_output) <= ceiling {
            return Some(self.max_output);
        }
        let left = u128::from(ceiling.saturating_sub(self.cost(0)).micros());
        let tokens = left.saturating_mul(1_000_000).checked_div(u128::from(self.price.output.micros()))?;
        let tokens = u32::try_from(tokens).ok()?.saturating_sub(1);
        (tokens >= self.max_output / 2 && tokens > 0 && self.cost(tokens) <= ceiling).then_some(tokens)
    }
}

fn dearest(a: Price, b: Price) -> Price {
    let optional = |a: Option<MicroUsd>, b: Option<MicroUsd>| a.max(b);
    Price {
        input: a.input.max(b.input),
        output: a.output.max(b.output),
        cached_input: optional(a.cached_input, b.cached_input),
        cache_write: optional(a.cache_write, b.cache_write),
    }
}
