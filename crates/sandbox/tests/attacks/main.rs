//! Attacks on the real tier: every one is a command that a hostile model could run.

mod support;

mod basics;
