//! Tables, migrations, the event log, leases, the money ledger and the job outbox, on SQLite and Postgres.
