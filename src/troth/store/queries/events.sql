-- name: read_subject_events
-- Reads what happened to a subject, oldest first.
SELECT subject, at, xid, seq, kind, version, body, actor, cause, policy_version
FROM events WHERE subject = $1 ORDER BY xid, seq LIMIT $2;

-- name: read_events_after
-- Reads the events after a position, in order, of some kinds (null: all), only of transactions before which every other has ended.
SELECT subject, at, xid, seq, kind, version, body, actor, cause, policy_version
FROM events
WHERE (xid, seq) > ($1::xid8, $2::bigint)
    AND xid < pg_snapshot_xmin(pg_current_snapshot())
    AND ($3::text[] IS NULL OR kind = ANY($3))
ORDER BY xid, seq LIMIT $4;

-- name: read_newest_events
-- Reads the newest events of some kinds (null: all), newest first, before a position (null: from the end).
SELECT subject, at, xid, seq, kind, version, body, actor, cause, policy_version
FROM events
WHERE ($1::text[] IS NULL OR kind = ANY($1)) AND ($2::xid8 IS NULL OR (xid, seq) < ($2, $3::bigint))
ORDER BY xid DESC, seq DESC LIMIT $4;

-- name: append_event
-- Appends one event that changes neither orders nor stock.
INSERT INTO events (subject, at, kind, version, body, actor, cause, policy_version)
VALUES ($1, $2, $3, 1, $4, $5, $6, $7);
