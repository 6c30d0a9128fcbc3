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

-- name: read_events_of_kinds
-- Reads those of some kinds (null: of all but the audit's) and of a subject (null: of all) among the next events after a position, of the rest only the last, without its body.
WITH next AS (
    SELECT
        subject, at, xid, seq, kind, version, body, actor, cause, policy_version,
        CASE WHEN $3::text[] IS NULL THEN kind <> 'ConfigurationSet' ELSE kind = ANY($3) END
            AND ($5::text IS NULL OR subject = $5) AS is_wanted
    FROM events
    WHERE (xid, seq) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, seq
    LIMIT $4
),
marked AS (
    SELECT *, lead(seq) OVER (ORDER BY xid, seq) IS NULL AS is_last, count(*) OVER () AS looked_at FROM next
)
SELECT
    subject, at, xid, seq, kind, version, CASE WHEN is_wanted THEN body ELSE 'null'::json END AS body, actor, cause, policy_version,
    is_wanted, looked_at
FROM marked WHERE is_wanted OR is_last
ORDER BY xid, seq;

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
