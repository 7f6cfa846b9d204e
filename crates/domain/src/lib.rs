//! What an execution is: ids, money, members, events, the fold and the decisions. Pure: no IO, no clock, no randomness, no async.
