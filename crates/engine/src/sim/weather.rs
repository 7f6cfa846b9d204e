//! What goes wrong, and how often.

use super::random::Random;
use std::time::Duration;

/// How often, in a thousand, each thing goes wrong.
#[derive(Debug, Clone, Default)]
pub(super) struct Weather {
    /// A process is killed at a boundary.
    pub(super) kill: u64,
    /// A process stands still at a boundary, for longer than its lease.
    pub(super) freeze: u64,
    /// The database is slow.
    pub(super) slow: u64,
    /// A write fails and leaves no trace.
    pub(super) lost_write: u64,
    /// A write is there, and the word of it is lost.
    pub(super) lost_word: u64,
    /// A write is given up as lost, and gets there later.
    pub(super) late_write: u64,
    /// A read fails.
    pub(super) lost_read: u64,
    /// A model's answer fails in one way or another.
    pub(super) model: u64,
    /// The machine fails a step: the disk is full, git is gone.
    pub(super) fault: u64,
    /// A step panics.
    pub(super) panic: u64,
    /// A worker's clock is set to another time, per tick of the world.
    pub(super) clock: u64,
    /// A worker is asked to stop, per tick.
    pub(super) stop: u64,
    /// A person does something, per tick.
    pub(super) person: u64,
    /// A person raises a budget that has just refused, whether or not anybody is asked about it yet.
    pub(super) raise: u64,
    /// A person may also end it all.
    pub(super) ends: bool,
}

impl Weather {
    /// Most seeds have a few things go wrong, some have many, and some none at all.
    /// `money` is chance of its own.
    pub(super) fn new(random: &mut Random, money: &mut Random) -> Self {
        let rates = [0, 0, 5, 20, 60];
        Self {
            kill: *random.pick(&[0, 4, 10, 30]),
            freeze: *random.pick(&[0, 0, 3, 10]),
            slow: *random.pick(&[0, 50, 300]),
            lost_write: *random.pick(&rates),
            lost_word: *random.pick(&rates),
            late_write: *random.pick(&rates),
            lost_read: *random.pick(&rates),
            model: *random.pick(&[0, 30, 150, 400]),
            fault: *random.pick(&[0, 0, 10, 40]),
            panic: *random.pick(&[0, 0, 5]),
            clock: *random.pick(&[0, 0, 10]),
            stop: *random.pick(&[0, 0, 5, 20]),
            person: *random.pick(&[0, 10, 50]),
            raise: *money.pick(&[0, 300, 700]),
            ends: random.per_mille(80),
        }
    }
}

/// Chance, and what it may still do.
#[derive(Debug)]
pub(super) struct Chaos {
    pub(super) random: Random,
    pub(super) weather: Weather,
    /// Boundaries that workers passed so far.
    pub(super) boundaries: u64,
    /// At which of them a worker is killed for sure.
    pub(super) kill_at: Vec<u64>,
    /// How many more workers may be killed or frozen at random.
    pub(super) left: u32,
}

impl Chaos {
    /// Whether something of this frequency happens now.
    pub(super) fn strikes(&mut self, rate: impl Fn(&Weather) -> u64) -> bool {
        let rate = rate(&self.weather);
        rate > 0 && self.random.per_mille(rate)
    }

    /// The same for what only a bounded number of times may happen.
    pub(super) fn strikes_hard(&mut self, rate: impl Fn(&Weather) -> u64) -> bool {
        let strikes = self.left > 0 && self.strikes(rate);
        self.left -= u32::from(strikes);
        strikes
    }

    pub(super) fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.random.between(least, most))
    }

    /// From here on the sun shines.
    pub(super) fn clear(&mut self) {
        self.weather = Weather::default();
        self.left = 0;
    }
}
