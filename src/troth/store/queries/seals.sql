-- name: try_sealing
-- Takes the right to seal, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834767);

-- name: read_last_seal
-- Reads the newest seal.
SELECT number, through_xid, sealed_rows, digest, sealed_at FROM seals ORDER BY number DESC LIMIT 1;

-- name: read_seals
-- Reads all seals in their order, after a number.
SELECT number, through_xid, sealed_rows, digest, sealed_at FROM seals WHERE number > $1 ORDER BY number LIMIT $2;

-- name: find_seal_end
-- Finds where a seal that begins at a transaction shall end: before which every transaction has ended, and after not many more events than wanted.
SELECT coalesce(
    (
        SELECT e.xid FROM events AS e
        WHERE e.xid > $1 AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY e.xid, e.seq OFFSET $2 LIMIT 1
    ),
    pg_snapshot_xmin(pg_current_snapshot())
) AS xid;

-- name: read_sealed_events
-- Reads the events of the transactions from one up to but not including another, in order, as canonical text.
SELECT ROW(
    subject, (extract(epoch FROM at) * 1000000)::bigint, xid, seq, kind, version, body, actor, cause, policy_version
)::text AS canonical
FROM events WHERE xid >= $1 AND xid < $2
ORDER BY xid, seq;

-- name: read_sealed_entries
-- Reads the ledger entries of the transactions from one up to but not including another, in order, as canonical text.
SELECT ROW(
    sku, node, source, (extract(epoch FROM at) * 1000000)::bigint, xid, seq, kind, on_hand_delta, reserved_delta, order_id, allocation,
    reason, reference
)::text AS canonical
FROM entries WHERE xid >= $1 AND xid < $2
ORDER BY xid, seq;

-- name: append_seal
-- Appends a seal.
INSERT INTO seals (number, through_xid, sealed_rows, digest, sealed_at) VALUES ($1, $2, $3, $4, $5);
