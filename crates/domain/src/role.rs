//! The fourteen roles.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident $slug:literal $title:literal $initials:literal),+ $(,)?) => {
        /// What a member is employed as. Its prompts are in `crates/agents/roles/<slug>/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Role { $($(#[$doc])* $variant,)+ }

        impl Role {
            /// All of them, in the order in which people list them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// `project_manager`: the name in files, prompts and on the wire.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// `Project manager`: the name for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// `PM`: where there is room for two letters.
            #[must_use]
            pub const fn initials(self) -> &'static str {
                match self { $(Self::$variant => $initials,)+ }
            }
        }
    };
}

roles! {
    /// Reads the task, says what is wanted, drafts the plan.
    ProjectManager "project_manager" "Project manager" "PM",
    /// Settles the plan, reviews.
    TechLead "tech_lead" "Tech lead" "TL",
    /// Shapes systems.
    SolutionArchitect "solution_architect" "Solution architect" "SA",
    /// Builds services.
    BackendDeveloper "backend_developer" "Backend developer" "BE",
    /// Builds what people see.
    FrontendDeveloper "frontend_developer" "Frontend developer" "FE",
    /// Tests.
    QaTester "qa_tester" "QA tester" "QA",
    /// Builds pipelines and infrastructure.
    DevopsEngineer "devops_engineer" "DevOps engineer" "DO",
    /// Designs interfaces.
    Designer "designer" "Designer" "DS",
    /// Builds with models.
    AiEngineer "ai_engineer" "AI engineer" "AI",
    /// Trains and serves models.
    MlEngineer "ml_engineer" "ML engineer" "ML",
    /// Builds pipelines of data.
    DataEngineer "data_engineer" "Data engineer" "DE",
    /// Asks data.
    DataScientist "data_scientist" "Data scientist" "SC",
    /// Leads data and model projects.
    AiMlProjectManager "ai_ml_project_manager" "AI/ML project manager" "AP",
    /// Finds out.
    Researcher "researcher" "Researcher" "RE",
}

impl Role {
    /// Whether members of this role write code of their own accord. The others can, in a sub-task that nobody
    /// nearer can take.
    #[must_use]
    pub const fn is_developer(self) -> bool {
        matches!(
            self,
            Self::BackendDeveloper
                | Self::FrontendDeveloper
                | Self::DevopsEngineer
                | Self::AiEngineer
                | Self::MlEngineer
                | Self::DataEngineer
                | Self::DataScientist
        )
    }

    /// How well a member of this role fits work meant for `wanted`, from 0 (last resort) to 100 (the role itself).
    /// The figures order neighbours; only their order matters.
    #[must_use]
    pub const fn fit(self, wanted: Self) -> u32 {
        use Role::{
            AiEngineer, AiMlProjectManager, BackendDeveloper, DataEngineer, DataScientist, Designer,
            DevopsEngineer, FrontendDeveloper, MlEngineer, ProjectManager, QaTester, Researcher,
            SolutionArchitect, TechLead,
        };
        if self as u8 == wanted as u8 {
            return 100;
        }
        match (wanted, self) {
            (ProjectManager, AiMlProjectManager)
            | (AiMlProjectManager, ProjectManager)
            | (TechLead, SolutionArchitect)
            | (SolutionArchitect, TechLead)
            | (AiEngineer, MlEngineer)
            | (MlEngineer, AiEngineer)
            | (Designer, FrontendDeveloper) => 80,
            (FrontendDeveloper, BackendDeveloper)
            | (BackendDeveloper, FrontendDeveloper)
            | (DevopsEngineer | DataEngineer | AiEngineer | MlEngineer, BackendDeveloper)
            | (DataScientist, MlEngineer | DataEngineer)
            | (MlEngineer, DataScientist)
            | (DataEngineer, DataScientist)
            | (BackendDeveloper, DevopsEngineer | DataEngineer | AiEngineer)
            | (Researcher, DataScientist | SolutionArchitect) => 60,
            (_, FrontendDeveloper | BackendDeveloper) => 50,
            (_, DevopsEngineer | AiEngineer | MlEngineer | DataEngineer | DataScientist) => 40,
            (_, TechLead | SolutionArchitect) => 30,
            (_, Designer | Researcher) => 20,
            (_, QaTester) => 15,
            (_, ProjectManager | AiMlProjectManager) => 10,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

/// A name that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role; the roles are {list}", list = Role::ALL.iter().map(|role| role.slug()).collect::<Vec<_>>().join(", "))]
pub struct ParseRoleError(String);

/// Takes the slug, in any case, with spaces, dashes or underscores, as models and people write it.
impl FromStr for Role {
    type Err = ParseRoleError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let slug: String = text
            .trim()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .collect();
        let known = Self::ALL.iter().find(|role| role.slug() == slug).copied();
        let usual = match slug.as_str() {
            "pm" | "product_manager" => Some(Self::ProjectManager),
            "tl" | "lead" | "techlead" => Some(Self::TechLead),
            "architect" => Some(Self::SolutionArchitect),
            "backend"
            | "backend_engineer"
            | "developer"
            | "engineer"
            | "software_engineer"
            | "fullstack_developer" => Some(Self::BackendDeveloper),
            "frontend" | "frontend_engineer" => Some(Self::FrontendDeveloper),
            "qa" | "tester" | "qa_engineer" | "test_engineer" => Some(Self::QaTester),
            "devops" | "sre" => Some(Self::DevopsEngineer),
            _ => None,
        };
        known.or(usual).ok_or_else(|| ParseRoleError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_read_back_from_its_slug_and_title() {
        for role in Role::ALL {
            assert_eq!(role.slug().parse(), Ok(*role));
            assert_eq!(role.title().parse(), Ok(*role), "{}", role.title());
            assert_eq!(serde_json::to_value(role).unwrap(), role.slug());
        }
        assert_eq!("QA".parse(), Ok(Role::QaTester));
        assert!("wizard".parse::<Role>().is_err());
    }

    #[test]
    fn nobody_fits_better_than_the_role_itself() {
        for wanted in Role::ALL {
            for other in Role::ALL.iter().filter(|role| *role != wanted) {
                assert!(other.fit(*wanted) < wanted.fit(*wanted), "{other} for {wanted}");
            }
        }
    }
}
