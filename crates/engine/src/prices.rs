//! A model whose price is not known cannot be paid from any budget: better said before an execution starts than when the
//! model is first asked.

use crate::EngineError;
use squad_domain::model::ModelSettings;
use squad_domain::squad::Squad;
use squad_llm::PriceBook;

/// Checks that every model which a squad may ask has a price.
///
/// # Errors
/// [`EngineError::UnknownPrice`] with the first that has none.
pub fn check_prices(models: &ModelSettings, squad: &Squad) -> Result<(), EngineError> {
    let book = PriceBook::embedded().with_overrides(&models.prices);
    let of_members = squad.members.iter().filter_map(|member| member.profile.as_ref());
    for profile in of_members.chain(std::iter::once(&models.profile)) {
        let lists = profile.purposes.values().chain([&profile.default, &profile.escalation]);
        if let Some(model) = lists.flatten().find(|model| book.price(model).is_none()) {
            return Err(EngineError::UnknownPrice(model.clone()));
        }
    }
    Ok(())
}
