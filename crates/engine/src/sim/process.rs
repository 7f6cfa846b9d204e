//! A process that works on executions: it can be killed and frozen at every boundary, and has a clock of its own.
//!
//! A boundary is where the outside can see the process: before and after an effect, a commit, a claim. A killed process
//! never gets past one again, whatever of it still runs until the runtime has dropped it; so it dies between two
//! instructions, as with `kill -9`.

use super::random::Random;
use super::world::World;
use super::{guard, outside};
use crate::clock::Clock;
use crate::feed::Feed;
use crate::shared::{Shared, Wakes};
use squad_domain::Timestamp;
use squad_storage::Claim;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use time::macros::datetime;
use tokio::sync::broadcast;
use tokio::time::Instant;
use uuid::Uuid;

/// When every simulation begins.
const BEGIN: Timestamp = datetime!(2026-01-02 03:04:05 UTC);
/// As in earnest.
pub(super) const LEASE: Duration = crate::driver::LEASE;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Runs,
    Frozen(Instant),
    Dead,
}

/// One process.
pub(super) struct Process {
    pub(super) world: Arc<World>,
    pub(super) name: String,
    /// People's own processes are left alone.
    worker: bool,
    life: Mutex<Life>,
    /// Until when it stood still last.
    thawed: Mutex<Option<Instant>>,
    skew: Mutex<time::Duration>,
    /// What it claimed last.
    claim: Mutex<Option<Claim>>,
    ids: Mutex<Random>,
}

impl Process {
    pub(super) fn new(world: &Arc<World>, name: String, worker: bool) -> Arc<Self> {
        Arc::new(Self {
            world: Arc::clone(world),
            ids: Mutex::new(Random::new(name.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte)))),
            name,
            worker,
            life: Mutex::new(Life::Runs),
            thawed: Mutex::new(None),
            skew: Mutex::new(time::Duration::ZERO),
            claim: Mutex::new(None),
        })
    }

    /// The engine in this process.
    pub(super) fn shared(self: &Arc<Self>) -> Arc<Shared> {
        Arc::new(Shared {
            store: Arc::new(super::connection::Connection(Arc::clone(self))),
            outside: Arc::new(outside::Simulated(Arc::clone(self))),
            prompts: Arc::clone(&self.world.prompts),
            worker: self.name.clone(),
            clock: Arc::<Self>::clone(self),
            lease: LEASE,
            feed: Feed::new(),
            wakes: Wakes::default(),
            news: broadcast::channel(16).0,
        })
    }

    pub(super) fn is_dead(&self) -> bool {
        *guard(&self.life) == Life::Dead
    }

    pub(super) fn kill(&self, place: &str) {
        *guard(&self.life) = Life::Dead;
        self.world.say(|| format!("{} is KILLED {place}", self.name));
    }

    pub(super) fn set_clock(&self, skew: time::Duration) {
        *guard(&self.skew) = skew;
    }

    pub(super) fn claimed(&self, claim: &Claim) {
        *guard(&self.claim) = Some(claim.clone());
        self.world.claimed(&self.name, claim);
    }

    /// The fence of the lease that this process believes to have.
    pub(super) fn fence(&self) -> Option<u64> {
        guard(&self.claim).as_ref().map(|claim| claim.fence)
    }

    /// Until when it stood still last.
    pub(super) fn thawed(&self) -> Option<Instant> {
        *guard(&self.thawed)
    }

    /// Waits while the process is frozen. A dead one never comes back.
    pub(super) async fn awake(&self) {
        loop {
            let life = *guard(&self.life);
            match life {
                Life::Runs => return,
                Life::Dead => std::future::pending().await,
                Life::Frozen(until) => {
                    tokio::time::sleep_until(until).await;
                    let mut life = guard(&self.life);
                    if *life == Life::Frozen(until) {
                        *life = Life::Runs;
                    }
                }
            }
        }
    }

    /// Passes a boundary, if it gets past it.
    pub(super) async fn passes(&self, place: &str) {
        self.awake().await;
        if !self.worker {
            return;
        }
        let (number, killed, frozen) = {
            let mut chaos = guard(&self.world.chaos);
            chaos.boundaries += 1;
            let number = chaos.boundaries;
            let killed = chaos.kill_at.contains(&number) || chaos.strikes_hard(|weather| weather.kill);
            let frozen = !killed && chaos.strikes_hard(|weather| weather.freeze);
            (number, killed, frozen.then(|| chaos.millis(4_000, 40_000)))
        };
        if killed {
            self.kill(&format!("at boundary {number}, {place}"));
        } else if let Some(time) = frozen {
            self.world.say(|| format!("{} stands still for {} s, {place}", self.name, time.as_secs()));
            let until = Instant::now() + time;
            *guard(&self.life) = Life::Frozen(until);
            *guard(&self.thawed) = Some(until);
        }
        self.awake().await;
    }
}

impl Clock for Process {
    fn now(&self) -> Timestamp {
        BEGIN + self.world.origin.elapsed() + *guard(&self.skew)
    }

    fn new_id(&self) -> Uuid {
        let mut ids = guard(&self.ids);
        Uuid::from_u128(u128::from(ids.next()) << 64 | u128::from(ids.next()))
    }
}
