//! The only door to randomness.

/// `N` bytes from the operating system.
///
/// # Panics
///
/// When the operating system has none to give: to go on would mean to hand out a secret that is none.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness once it has booted");
    bytes
}
