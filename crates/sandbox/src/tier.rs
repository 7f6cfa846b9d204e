//! The tiers of isolation, and what a person may ask for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How commands are kept apart from the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Linux namespaces, seccomp, Landlock and control groups, without any service.
    Builtin,
    /// Containers of a Docker daemon.
    Docker,
    /// Containers with a user-space kernel.
    Gvisor,
    /// One pod per workspace.
    Kubernetes,
    /// No isolation, for trusted code only.
    None,
}

impl Tier {
    const ALL: [(Self, &str); 5] = [
        (Self::Builtin, "builtin"),
        (Self::Docker, "docker"),
        (Self::Gvisor, "gvisor"),
        (Self::Kubernetes, "kubernetes"),
        (Self::None, "none"),
    ];
}

impl Tier {
    /// How much stands between a command and the host; only to compare with another tier's.
    const fn strength(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Builtin => 1,
            Self::Docker => 2,
            Self::Kubernetes => 3,
            Self::Gvisor => 4,
        }
    }

    /// Whether what was asked for may run here: `auto` takes any tier that isolates, a tier takes itself and stronger
    /// ones.
    #[must_use]
    pub fn satisfies(self, asked: TierChoice) -> bool {
        match asked {
            TierChoice::Auto => self.strength() >= Self::Builtin.strength(),
            TierChoice::Tier(asked) => self.strength() >= asked.strength(),
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name) = Self::ALL.iter().find(|(tier, _)| tier == self).expect("every tier is listed");
        f.write_str(name)
    }
}

impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text);
        found.map(|(tier, _)| *tier).ok_or_else(|| UnknownTier(text.to_owned()))
    }
}

/// What a person asks for: one tier, or the best that this machine has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum TierChoice {
    /// The best tier of this build that is no weaker than `builtin`.
    #[default]
    Auto,
    /// Exactly this one.
    Tier(Tier),
}

impl fmt::Display for TierChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Tier(tier) => tier.fmt(f),
        }
    }
}

impl FromStr for TierChoice {
    type Err = UnknownTier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" { Ok(Self::Auto) } else { text.parse().map(Self::Tier) }
    }
}

impl Serialize for TierChoice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TierChoice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A name that is no tier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no sandbox tier; use `auto`, `builtin`, `docker`, `gvisor`, `kubernetes` or `none`")]
pub struct UnknownTier(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_in_a_weaker_tier_than_was_asked_for() {
        let gvisor = TierChoice::Tier(Tier::Gvisor);
        assert!(Tier::Gvisor.satisfies(gvisor) && Tier::Gvisor.satisfies(TierChoice::Auto));
        assert!(Tier::Builtin.satisfies(TierChoice::Tier(Tier::None)));
        assert!(!Tier::Docker.satisfies(gvisor) && !Tier::Builtin.satisfies(TierChoice::Tier(Tier::Docker)));
        assert!(!Tier::None.satisfies(TierChoice::Auto));
    }

    #[test]
    fn every_tier_reads_back_what_it_writes() {
        for (tier, name) in Tier::ALL {
            assert_eq!(tier.to_string().parse(), Ok(tier));
            assert_eq!(serde_json::to_value(tier).unwrap(), name);
            let choice: TierChoice = serde_json::from_value(name.into()).unwrap();
            assert_eq!(choice, TierChoice::Tier(tier));
        }
        assert_eq!("auto".parse(), Ok(TierChoice::Auto));
        assert!("chroot".parse::<TierChoice>().is_err());
    }
}
