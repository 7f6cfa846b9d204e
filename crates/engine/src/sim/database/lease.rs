//! Leases in memory.

use super::{Database, Row, stored};
use squad_domain::Timestamp;
use squad_domain::ids::ExecutionId;
use squad_storage::{Claim, ClaimOutcome};
use std::time::Duration;

impl Row {
    fn free(&self, now: Timestamp) -> bool {
        self.lease.as_ref().is_none_or(|(_, until)| *until <= now)
    }

    fn lease_to(&mut self, id: ExecutionId, worker: &str, now: Timestamp, ttl: Duration) -> Claim {
        let reclaimed = self.lease.is_some();
        self.lease = Some((worker.to_owned(), now + ttl));
        self.fence += 1;
        self.served_at = now;
        Claim { execution: id, fence: self.fence, reclaimed }
    }

    /// Whether the claim is the one that holds.
    pub(in crate::sim) fn holds(&self, claim: &Claim) -> bool {
        self.lease.is_some() && self.fence == claim.fence
    }
}

impl Database {
    pub(in crate::sim) fn claim(&mut self, worker: &str, now: Timestamp, ttl: Duration) -> Option<Claim> {
        let now = stored(now);
        let waiting = self.rows.iter_mut().filter(|(_, row)| row.runnable && row.free(now));
        let (id, row) = waiting.min_by_key(|(id, row)| (row.served_at, **id))?;
        Some(row.lease_to(*id, worker, now, ttl))
    }

    pub(in crate::sim) fn claim_one(
        &mut self,
        id: ExecutionId,
        worker: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> ClaimOutcome {
        let now = stored(now);
        let Some(row) = self.rows.get_mut(&id) else { return ClaimOutcome::NotFound };
        if row.status.is_terminal() {
            return ClaimOutcome::Terminal;
        }
        match &row.lease {
            Some((worker, until)) if !row.free(now) => {
                ClaimOutcome::HeldBy { worker: worker.clone(), until: *until }
            }
            _ => {
                row.runnable = true;
                ClaimOutcome::Claimed(row.lease_to(id, worker, now, ttl))
            }
        }
    }

    pub(in crate::sim) fn renew(&mut self, claim: &Claim, now: Timestamp, ttl: Duration) -> bool {
        let Some(row) = self.rows.get_mut(&claim.execution).filter(|row| row.holds(claim)) else {
            return false;
        };
        if let Some((_, until)) = &mut row.lease {
            *until = stored(now) + ttl;
        }
        true
    }

    pub(in crate::sim) fn release(&mut self, claim: &Claim, park_at: Option<u64>) {
        let Some(row) = self.rows.get_mut(&claim.execution).filter(|row| row.holds(claim)) else { return };
        row.lease = None;
        row.runnable = row.runnable && park_at.is_none_or(|seen| row.last_seq() > seen);
    }
}
