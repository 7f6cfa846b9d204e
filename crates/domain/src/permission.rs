//! Who may do what in an organization. One table: the API asks it, API keys are scoped by it, and
//! `docs/permissions.md` is written from it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What somebody is in an organization. Each may do everything that the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgRole {
    /// Looks on.
    Viewer,
    /// Works with the squads.
    Member,
    /// Runs the organization.
    Admin,
    /// Answers for it. There is always at least one.
    Owner,
}

impl OrgRole {
    /// All of them, from the least to the most powerful.
    pub const ALL: &[Self] = &[Self::Viewer, Self::Member, Self::Admin, Self::Owner];

    /// `admin`: the name in the database and on the wire.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Whether this role may do it.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self >= permission.least()
    }

    /// Whether somebody of this role may give another one that role, or take it from them. Nobody makes others more
    /// powerful than they are themselves, and only an owner touches an owner.
    #[must_use]
    pub fn may_appoint(self, role: Self) -> bool {
        self.may(Permission::ManageMembers) && self >= role
    }
}

impl fmt::Display for OrgRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

/// A word that names no role of an organization.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role of an organization; there are: owner, admin, member, viewer")]
pub struct UnknownOrgRole(pub String);

impl FromStr for OrgRole {
    type Err = UnknownOrgRole;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|role| role.slug() == text)
            .ok_or_else(|| UnknownOrgRole(text.to_owned()))
    }
}

macro_rules! permissions {
    ($($variant:ident $slug:literal $least:ident $does:literal),+ $(,)?) => {
        /// Something that can be done in an organization. Its name is also the scope of an API key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $(#[doc = $does] $variant,)+ }

        impl Permission {
            /// All of them, in the order in which people list them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// `executions:start`: the name in the database, on the wire and as the scope of an API key.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// The least powerful role that may do it.
            #[must_use]
            pub const fn least(self) -> OrgRole {
                match self { $(Self::$variant => OrgRole::$least,)+ }
            }

            /// What it allows, in a sentence for people.
            #[must_use]
            pub const fn does(self) -> &'static str {
                match self { $(Self::$variant => $does,)+ }
            }
        }
    };
}

permissions! {
    ReadOrg "org:read" Viewer "See the organization, its members and what it spends.",
    UpdateOrg "org:update" Admin "Change the organization's name and settings.",
    DeleteOrg "org:delete" Owner "Delete the organization with everything in it.",
    TransferOrg "org:transfer" Owner "Hand the ownership over to somebody else.",
    ManageMembers "members:manage" Admin "Invite people, change their role and remove them.",
    ReadAudit "audit:read" Admin "Read and export the audit log.",
    ManageApiKeys "api_keys:manage" Member "Make and revoke API keys of one's own, with no more than one's own rights.",
    ManageWebhooks "webhooks:manage" Admin "Add, change and test outbound webhooks.",
    ManageBudgets "budgets:manage" Admin "Set what the organization and its squads may spend.",
    ReadSquads "squads:read" Viewer "See squads and their members.",
    WriteSquads "squads:write" Member "Hire squads, change them and their members.",
    ReadProjects "projects:read" Viewer "See projects.",
    WriteProjects "projects:write" Member "Add and change projects and what they need to be built.",
    ReadTasks "tasks:read" Viewer "See the board, tasks, comments and attachments.",
    WriteTasks "tasks:write" Member "Add, change and move tasks; comment on them.",
    ReadExecutions "executions:read" Viewer "Watch executions: their events, messages, files and costs.",
    StartExecutions "executions:start" Member "Start, retry and fork executions.",
    SteerExecutions "executions:steer" Member "Approve, answer, message, pause, resume, cancel, and change models and budgets of an execution.",
    ShareExecutions "executions:share" Member "Make and withdraw links that show a redacted execution to anybody.",
    GiveFeedback "feedback:write" Member "Rate what a squad did.",
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

/// A word that names no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no permission; see `docs/permissions.md` for all of them")]
pub struct UnknownPermission(pub String);

impl FromStr for Permission {
    type Err = UnknownPermission;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().copied().find(|permission| permission.slug() == text);
        found.ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

impl Serialize for Permission {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    #[test]
    fn names_lead_back_to_what_they_name() {
        for permission in Permission::ALL {
            assert_eq!(permission.slug().parse(), Ok(*permission));
            let json = serde_json::to_string(permission).unwrap();
            assert_eq!(serde_json::from_str::<Permission>(&json).unwrap(), *permission);
        }
        for role in OrgRole::ALL {
            assert_eq!(role.slug().parse(), Ok(*role));
        }
        assert!("root".parse::<OrgRole>().is_err() && "executions:*".parse::<Permission>().is_err());
    }

    #[test]
    fn viewers_change_nothing_and_nobody_rises_above_themselves() {
        for permission in Permission::ALL {
            let reads = permission.slug().ends_with(":read");
            assert!(reads || !OrgRole::Viewer.may(*permission), "{permission}");
            assert!(OrgRole::Owner.may(*permission), "{permission}");
        }
        assert!(!OrgRole::Admin.may_appoint(OrgRole::Owner));
        assert!(OrgRole::Admin.may_appoint(OrgRole::Admin));
        assert!(!OrgRole::Member.may_appoint(OrgRole::Viewer));
    }

    /// The page for people is this table. Written anew with `SQUAD_WRITE_DOCS=1`.
    #[test]
    fn the_page_says_what_the_table_says() {
        let mut page = "# Permissions\n\nWho may do what in an organization. The names are also the scopes of API keys. Written from \
                        `crates/domain/src/permission.rs`\nby `SQUAD_WRITE_DOCS=1 cargo test -p squad-domain permission`; change it there.\n\n\
                        | permission | what it allows | viewer | member | admin | owner |\n|---|---|---|---|---|---|\n"
            .to_owned();
        for permission in Permission::ALL {
            write!(page, "| `{permission}` | {} |", permission.does()).unwrap();
            for role in OrgRole::ALL {
                write!(page, " {} |", if role.may(*permission) { "yes" } else { "–" }).unwrap();
            }
            page.push('\n');
        }
        page.push_str(
            "\nEach role may do everything that the one before it may. Nobody gives a role above their own. Whoever is not in an \
             organization does not learn that it exists:\nwhat belongs to it is not found (404), not forbidden.\n",
        );
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/permissions.md");
        if std::env::var_os("SQUAD_WRITE_DOCS").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(path).unwrap_or_default(),
            page,
            "write it anew with SQUAD_WRITE_DOCS=1"
        );
    }
}
