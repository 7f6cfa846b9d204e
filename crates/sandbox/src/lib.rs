//! Where code that a model wrote runs: one trait, its tiers, limits and egress.
