//! Every boundary: the same story, killed at each place where it can be killed, one after the other.

use super::play::Setting;
use squad_domain::execution::Status;

/// Plots that are killed everywhere; a night's worth is all of them.
const KILLED: &[u64] = &[3];

#[test]
fn killed_at_any_boundary_it_ends_the_same() {
    let all: Vec<u64> = (0..super::plot::PLOTS).collect();
    let night = super::seeds::count() > super::seeds::SEEDS;
    for plot in if night { all.as_slice() } else { KILLED } {
        let calm = Setting::calm(*plot).play();
        assert!(calm.boundaries > 100, "there is something to kill");
        for boundary in 1..=calm.boundaries {
            let killed = Setting { kill_at: vec![boundary], ..Setting::calm(*plot) }.play();
            let place = format!("plot {plot}, killed at boundary {boundary}");
            assert!(killed.wrong.is_empty(), "{place}: {:?}", killed.wrong);
            assert_eq!((killed.state.status, &killed.files), (Status::Completed, &calm.files), "{place}");
        }
    }
}
