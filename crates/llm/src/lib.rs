//! Model providers behind one trait, the router (profiles, fallback, circuit breaker), prices and cost.
