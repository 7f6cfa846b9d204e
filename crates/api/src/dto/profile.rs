//! Models, and who is asked for what.

use garde::Validate;
use serde::{Deserialize, Serialize};
use squad_domain::model::{ModelRef, Purpose, RoutingProfile};
use std::collections::BTreeMap;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Longest name of a model, in characters.
const LONGEST: usize = 200;

/// A model, as `provider/model`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ModelName(pub(crate) ModelRef);

impl TryFrom<String> for ModelName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("a model is named with at most {LONGEST} visible ASCII characters"));
        }
        text.parse().map(Self).map_err(|error: <ModelRef as std::str::FromStr>::Err| error.to_string())
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.0.to_string()
    }
}

impl PartialSchema for ModelName {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A model, as `provider/model`"))
            .pattern(Some("^[!-.0-~]+/[!-~]+$"))
            .max_length(Some(LONGEST))
            .examples(["anthropic/claude-sonnet-4-5"])
            .into()
    }
}

impl ToSchema for ModelName {}

/// Which models are asked. The first of a list that is healthy and fits answers; the others are its fall-backs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
pub(crate) struct Profile {
    /// For every purpose without a list of its own.
    #[garde(length(min = 1, max = 20))]
    #[schema(min_items = 1, max_items = 20)]
    default: Vec<ModelName>,
    /// Lists of their own.
    #[garde(dive)]
    #[serde(default, skip_serializing_if = "Purposes::is_empty")]
    purposes: Purposes,
    /// Stronger models for a member that runs in circles.
    #[garde(length(max = 20))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    escalation: Vec<ModelName>,
}

/// Models by purpose. An empty list is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
pub(crate) struct Purposes {
    /// Analysing and planning.
    #[garde(length(max = 20))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    plan: Vec<ModelName>,
    /// Writing code, and answering questions about it.
    #[garde(length(max = 20))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    code: Vec<ModelName>,
    /// Reviewing.
    #[garde(length(max = 20))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    review: Vec<ModelName>,
    /// Testing.
    #[garde(length(max = 20))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    test: Vec<ModelName>,
    /// Condensing what was said before.
    #[garde(length(max = 20))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    summarize: Vec<ModelName>,
    /// Embedding text.
    #[garde(length(max = 20))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    embed: Vec<ModelName>,
}

impl Purposes {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn models(names: Vec<ModelName>) -> Vec<ModelRef> {
    names.into_iter().map(|name| name.0).collect()
}

impl From<Profile> for RoutingProfile {
    fn from(profile: Profile) -> Self {
        let Purposes { plan, code, review, test, summarize, embed } = profile.purposes;
        let lists = [
            (Purpose::Plan, plan),
            (Purpose::Code, code),
            (Purpose::Review, review),
            (Purpose::Test, test),
            (Purpose::Summarize, summarize),
            (Purpose::Embed, embed),
        ];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        Self {
            default: models(profile.default),
            purposes: lists.map(|(purpose, list)| (purpose, models(list))).collect(),
            escalation: models(profile.escalation),
        }
    }
}

impl From<&RoutingProfile> for Profile {
    fn from(profile: &RoutingProfile) -> Self {
        let names = |list: &[ModelRef]| list.iter().cloned().map(ModelName).collect::<Vec<_>>();
        let mut lists: BTreeMap<Purpose, Vec<ModelName>> =
            profile.purposes.iter().map(|(purpose, list)| (*purpose, names(list))).collect();
        let mut of = |purpose| lists.remove(&purpose).unwrap_or_default();
        Self {
            default: names(&profile.default),
            purposes: Purposes {
                plan: of(Purpose::Plan),
                code: of(Purpose::Code),
                review: of(Purpose::Review),
                test: of(Purpose::Test),
                summarize: of(Purpose::Summarize),
                embed: of(Purpose::Embed),
            },
            escalation: names(&profile.escalation),
        }
    }
}
