//! SQLite. One writer at a time, so nothing needs a row lock. Tables are `STRICT`.

use super::Dialect;

pub(super) const DIALECT: Dialect = Dialect {
    lock_execution: "SELECT org_id, squad_id, repository, last_seq, fence, lease_owner, status, paused, branch, \
            reason, title \
        FROM executions WHERE id = $1",
    claim: "UPDATE executions SET lease_reclaimed = (lease_owner IS NOT NULL), lease_owner = $1, lease_until = $2, \
            fence = fence + 1, served_at = $3 \
        WHERE id = (SELECT id FROM executions \
            WHERE runnable AND (lease_until IS NULL OR lease_until <= $3) \
            ORDER BY served_at, id LIMIT 1) \
        RETURNING id, fence, lease_reclaimed",
    json_parameter: ("", ""),
    take_jobs: "UPDATE jobs SET locked_by = $1, locked_until = $2, attempts = attempts + 1 \
        WHERE id IN (SELECT id FROM jobs \
            WHERE dead_at IS NULL AND run_at <= $3 AND (locked_until IS NULL OR locked_until <= $3) \
            ORDER BY run_at, id LIMIT $4) \
        RETURNING id, name, payload, attempts",
    types: &[
        ("{uuid}", "BLOB"),
        ("{json}", "TEXT"),
        ("{bigint}", "INTEGER"),
        ("{bool}", "INTEGER"),
        ("{bytes}", "BLOB"),
        ("{serial}", "INTEGER PRIMARY KEY AUTOINCREMENT"),
        ("{table_options}", "STRICT"),
    ],
};
