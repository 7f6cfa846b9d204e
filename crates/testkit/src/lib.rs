//! What tests share: databases, fixture repositories, a virtual clock.
