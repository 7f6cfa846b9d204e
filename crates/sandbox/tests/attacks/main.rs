//! Attacks on the real tier: every one is a command that a hostile model could run.

mod support;

mod basics;
mod egress;
mod files;
mod kernel;
mod limits;
mod network;
mod processes;
mod toolchains;
mod zz;
