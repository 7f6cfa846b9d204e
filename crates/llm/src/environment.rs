//! Where keys are looked up.

use crate::Secret;

/// A look-up of environment variables. A trait, so that tests never touch the process's own.
pub trait Environment: Send + Sync {
    /// The variable's value; `None` where it is not set.
    fn var(&self, name: &str) -> Option<String>;

    /// A key that is set and not blank.
    fn secret(&self, name: &str) -> Option<Secret> {
        self.var(name).filter(|value| !value.trim().is_empty()).map(|value| Secret::new(&value))
    }
}

/// The process's environment.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

impl<F: Fn(&str) -> Option<String> + Send + Sync> Environment for F {
    fn var(&self, name: &str) -> Option<String> {
        self(name)
    }
}
