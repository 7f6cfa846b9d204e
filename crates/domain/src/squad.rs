//! A squad: who is in it, and who takes a duty.

use crate::duty::Duty;
use crate::ids::{MemberName, SquadId};
use crate::member::Member;
use crate::role::Role;
use crate::tool::ToolName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// When a person must approve the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalPolicy {
    /// Every plan.
    #[default]
    Always,
    /// Plans whose estimate is above what is left of the budget.
    OverBudget,
    /// None.
    Never,
}

impl ApprovalPolicy {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Always, Self::OverBudget, Self::Never];

    /// `over_budget`: the name in files and on the wire.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::OverBudget => "over_budget",
            Self::Never => "never",
        }
    }
}

/// A squad as it was when the execution started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Squad {
    /// Its id.
    pub id: SquadId,
    /// Its name.
    pub name: String,
    /// Who is in it. At least one.
    pub members: Vec<Member>,
}

/// Why a squad cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SquadError {
    /// Nobody is in it.
    #[error("the squad has no members; add at least one developer")]
    Empty,
    /// Two members answer to one name.
    #[error("two members are called `{0}`; give each a name of its own")]
    DuplicateName(MemberName),
    /// A name that could be mistaken for something else.
    #[error(
        "`{0}` cannot be a member's name; use letters, digits, spaces, `-` or `_`, and neither a role nor `everyone`"
    )]
    BadName(MemberName),
    /// A duty that no squad can do without.
    #[error(
        "nobody in the squad may use the tool `{0}`, and without it no task comes to an end; allow it to a member"
    )]
    NobodyMay(ToolName),
}

impl Squad {
    /// Checks that the squad can work.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), SquadError> {
        if self.members.is_empty() {
            return Err(SquadError::Empty);
        }
        let mut seen = BTreeSet::new();
        for member in &self.members {
            let name = member.name.as_str();
            let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            let taken = name.parse::<Role>().is_ok()
                || matches!(name.to_lowercase().as_str(), "everyone" | "engine" | "you");
            if name.trim() != name || name.is_empty() || name.len() > 40 || !plain || taken {
                return Err(SquadError::BadName(member.name.clone()));
            }
            if !seen.insert(name.to_lowercase()) {
                return Err(SquadError::DuplicateName(member.name.clone()));
            }
        }
        for duty in [Duty::Analyze, Duty::Plan, Duty::Work] {
            if let (None, Some(tool)) = (self.holder(duty, &BTreeSet::new()), duty.ends_with()) {
                return Err(SquadError::NobodyMay(tool));
            }
        }
        Ok(())
    }

    /// The member of that name.
    #[must_use]
    pub fn member(&self, name: &MemberName) -> Option<&Member> {
        self.members.iter().find(|member| &member.name == name)
    }

    /// The member that `name_or_role` means, other than `asker`: by name first, then the first of that role.
    #[must_use]
    pub fn find(&self, name_or_role: &str, asker: Option<&MemberName>) -> Option<&Member> {
        let wanted = name_or_role.trim();
        let others = || self.members.iter().filter(|member| Some(&member.name) != asker);
        others().find(|member| member.name.as_str().eq_ignore_ascii_case(wanted)).or_else(|| {
            let role: Role = wanted.parse().ok()?;
            others().find(|member| member.role == role)
        })
    }

    /// Who takes a duty that is not a sub-task's: the member whose role is nearest, the first of them where several
    /// are. `None` where the duty falls away: nobody settles or reviews their own work, and without a tester the
    /// engine's own run of the tests is the whole gate.
    #[must_use]
    pub fn holder(&self, duty: Duty, not: &BTreeSet<MemberName>) -> Option<&Member> {
        let wanted = duty.natural_role();
        let may = |member: &&Member| {
            !not.contains(&member.name)
                && match duty {
                    Duty::Agree => matches!(member.role, Role::TechLead | Role::SolutionArchitect),
                    Duty::Test => member.role == Role::QaTester,
                    // A manager reading code to approve it would be a formality, not a review.
                    Duty::Review => !matches!(
                        member.role,
                        Role::ProjectManager | Role::AiMlProjectManager | Role::Designer
                    ),
                    _ => true,
                }
                && duty.ends_with().is_none_or(|tool| member.may_use(tool.slug()))
        };
        // `max_by_key` takes the last of equals; the first in the squad's own order is the one people expect.
        self.members.iter().rev().filter(may).max_by_key(|member| Self::suits(member.role, duty, wanted))
    }

    fn suits(role: Role, duty: Duty, wanted: Role) -> u32 {
        match (duty, role) {
            // Where no manager is there, the one who leads analyses and plans, not the first developer.
            (Duty::Analyze | Duty::Plan, Role::TechLead | Role::SolutionArchitect) => 70,
            (Duty::Analyze | Duty::Plan, Role::Researcher) => 65,
            (Duty::Review, Role::QaTester) => 20,
            _ => role.fit(wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squad(members: &[(&str, Role)]) -> Squad {
        Squad {
            id: "019a8f00-0000-7000-8000-000000000001".parse().unwrap(),
            name: "Test".into(),
            members: members.iter().map(|(name, role)| Member::new(name, *role)).collect(),
        }
    }

    fn holder(squad: &Squad, duty: Duty, not: &[&str]) -> Option<String> {
        let not = not.iter().map(|name| (*name).into()).collect();
        squad.holder(duty, &not).map(|member| member.name.to_string())
    }

    #[test]
    fn a_full_squad_gives_each_duty_to_its_role() {
        let five = squad(&[
            ("Pia", Role::ProjectManager),
            ("Tom", Role::TechLead),
            ("Bea", Role::BackendDeveloper),
            ("Fay", Role::FrontendDeveloper),
            ("Quinn", Role::QaTester),
        ]);
        for (duty, name) in [
            (Duty::Analyze, "Pia"),
            (Duty::Plan, "Pia"),
            (Duty::Agree, "Tom"),
            (Duty::Review, "Tom"),
            (Duty::Test, "Quinn"),
            (Duty::Resolve, "Bea"),
        ] {
            assert_eq!(holder(&five, duty, &[]).as_deref(), Some(name), "{duty}");
        }
        assert_eq!(
            holder(&five, Duty::Review, &["Tom"]).as_deref(),
            Some("Bea"),
            "a developer where the lead wrote it"
        );
    }

    #[test]
    fn a_single_developer_plans_alone_and_nobody_reviews_their_own_work() {
        let solo = squad(&[("Sam", Role::BackendDeveloper)]);
        assert_eq!(holder(&solo, Duty::Plan, &[]).as_deref(), Some("Sam"));
        for duty in [Duty::Agree, Duty::Test] {
            assert_eq!(holder(&solo, duty, &[]), None, "{duty}");
        }
        assert_eq!(holder(&solo, Duty::Review, &["Sam"]), None);
    }

    #[test]
    fn names_that_could_be_mistaken_are_refused() {
        assert_eq!(squad(&[]).check(), Err(SquadError::Empty));
        assert!(matches!(
            squad(&[("Bea", Role::Designer), ("bea", Role::QaTester)]).check(),
            Err(SquadError::DuplicateName(_))
        ));
        for bad in ["everyone", "tech lead", "", " Bea", "a/b", "x\n"] {
            assert!(
                matches!(squad(&[(bad, Role::Designer)]).check(), Err(SquadError::BadName(_))),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_squad_in_which_nobody_may_plan_or_hand_over_is_refused() {
        let mut solo = squad(&[("Sam", Role::BackendDeveloper)]);
        assert_eq!(solo.check(), Ok(()));
        solo.members[0].tools = Some(["submit_analysis", "submit_plan"].map(str::to_owned).into());
        assert_eq!(solo.check(), Err(SquadError::NobodyMay(ToolName::SubmitWork)));
    }

    #[test]
    fn teammates_are_found_by_name_or_role_but_never_oneself() {
        let two = squad(&[("Bea", Role::BackendDeveloper), ("Ben", Role::BackendDeveloper)]);
        let found =
            |who: &str, asker: &str| two.find(who, Some(&asker.into())).map(|member| member.name.to_string());
        assert_eq!(found("ben", "Bea").as_deref(), Some("Ben"));
        assert_eq!(found("Backend developer", "Bea").as_deref(), Some("Ben"));
        assert_eq!(found("Bea", "Bea"), None);
    }
}
