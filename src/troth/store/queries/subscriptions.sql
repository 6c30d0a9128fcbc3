-- name: create_subscription
-- Creates a subscription that begins after a position.
INSERT INTO subscriptions (
    subscription_id, version, name, url, secret, kinds, batch_max, state, created_at, cursor_xid, cursor_seq, node, attempt_at
)
VALUES ($1, 1, $2, $3, $4, $5, $6, 'active', $7, $8, $9, $10, now());

-- name: read_subscription
-- Reads one subscription.
SELECT
    subscription_id, version, name, url, kinds, batch_max, state, created_at, cursor_xid, cursor_seq, sequence, delivered, failures,
    attempt_at, last_error, node
FROM subscriptions WHERE subscription_id = $1;

-- name: lock_subscription
-- Reads one subscription and keeps it from others until the transaction ends.
SELECT
    subscription_id, version, name, url, kinds, batch_max, state, created_at, cursor_xid, cursor_seq, sequence, delivered, failures,
    attempt_at, last_error, node
FROM subscriptions WHERE subscription_id = $1 FOR UPDATE;

-- name: find_subscriptions
-- Finds a page of subscriptions by id, after the one given.
SELECT
    subscription_id, version, name, url, kinds, batch_max, state, created_at, cursor_xid, cursor_seq, sequence, delivered, failures,
    attempt_at, last_error, node
FROM subscriptions
WHERE ($1::text IS NULL OR subscription_id > $1)
ORDER BY subscription_id LIMIT $2;

-- name: find_subscriptions_of_node
-- Finds the subscriptions that get what a node is told of its work, by id.
SELECT
    subscription_id, version, name, url, kinds, batch_max, state, created_at, cursor_xid, cursor_seq, sequence, delivered, failures,
    attempt_at, last_error, node
FROM subscriptions WHERE node = $1 ORDER BY subscription_id;

-- name: set_subscription
-- Sets what a person chooses of a subscription; whoever resumes it begins without failures, at once.
UPDATE subscriptions
SET version = version + 1,
    name = $2,
    url = $3,
    kinds = $4,
    batch_max = $6,
    failures = CASE WHEN state = 'paused' AND $5 = 'active' THEN 0 ELSE failures END,
    attempt_at = CASE WHEN $5 = 'active' THEN now() ELSE attempt_at END,
    last_error = CASE WHEN state = 'paused' AND $5 = 'active' THEN '' ELSE last_error END,
    state = $5
WHERE subscription_id = $1;

-- name: delete_subscription
-- Deletes a subscription with its deliveries.
DELETE FROM subscriptions WHERE subscription_id = $1;

-- name: request_replay
-- Asks that a subscription go on after a position; the next claim takes it over.
UPDATE subscriptions SET replay_xid = $2, replay_seq = $3, attempt_at = now() WHERE subscription_id = $1;

-- name: find_position_of_time
-- Finds the first transaction that has an event of an instant or later (null: none yet).
WITH later AS MATERIALIZED (SELECT xid FROM events WHERE at >= $1)
SELECT xid FROM later ORDER BY xid LIMIT 1;

-- name: claim_subscriptions
-- Claims subscriptions that have something to read and that nobody else delivers now, the longest waiting first.
UPDATE subscriptions AS s
SET claimed_until = now() + make_interval(secs => $1),
    cursor_xid = coalesce(s.replay_xid, s.cursor_xid),
    cursor_seq = coalesce(s.replay_seq, s.cursor_seq),
    replay_xid = NULL,
    replay_seq = NULL
WHERE s.subscription_id IN (
        SELECT c.subscription_id FROM subscriptions AS c
        WHERE c.state = 'active'
            AND c.attempt_at <= now()
            AND (c.claimed_until IS NULL OR c.claimed_until < now())
            AND EXISTS (
                SELECT FROM events AS e
                WHERE (e.xid, e.seq) > (coalesce(c.replay_xid, c.cursor_xid), coalesce(c.replay_seq, c.cursor_seq))
                    AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
            )
        ORDER BY c.attempt_at, c.subscription_id
        LIMIT $2
    )
    AND s.state = 'active'
    AND (s.claimed_until IS NULL OR s.claimed_until < now())
RETURNING
    s.subscription_id, s.url, s.secret, s.kinds, s.batch_max, s.cursor_xid, s.cursor_seq, s.sequence, s.delivered, s.failures,
    s.claimed_until, s.node;

-- name: advance_subscription
-- Moves the cursor of a subscription that is still claimed by the same worker, and records what was delivered; gives its state.
WITH advanced AS (
    UPDATE subscriptions
    SET cursor_xid = $3,
        cursor_seq = $4,
        sequence = $5,
        delivered = $6,
        claimed_until = CASE WHEN $7::boolean THEN NULL ELSE claimed_until END,
        failures = CASE WHEN cardinality($8::xid8[]) > 0 THEN 0 ELSE failures END,
        last_error = CASE WHEN cardinality($8) > 0 THEN '' ELSE last_error END
    WHERE subscription_id = $1 AND claimed_until = $2
    RETURNING subscription_id, state
),
recorded AS (
    INSERT INTO deliveries (
        subscription_id, xid, seq, sequence, previous, kind, subject, attempts, attempted_at, status, answer, is_delivered
    )
    SELECT a.subscription_id, d.xid, d.seq, d.sequence, d.previous, d.kind, d.subject, 1, d.attempted_at, d.status, d.answer, true
    FROM advanced AS a, unnest(
        $8, $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::integer[], $16::text[]
    ) AS d (xid, seq, sequence, previous, kind, subject, attempted_at, status, answer)
    ON CONFLICT (subscription_id, xid, seq) DO UPDATE SET
        sequence = excluded.sequence,
        previous = excluded.previous,
        attempts = deliveries.attempts + 1,
        attempted_at = excluded.attempted_at,
        status = excluded.status,
        answer = excluded.answer,
        is_delivered = true
)
SELECT state FROM advanced;

-- name: fail_subscription
-- Records a failed attempt of a claimed subscription: when to try again, or that it is paused; and frees it.
WITH failed AS (
    UPDATE subscriptions
    SET failures = failures + 1,
        last_error = $3,
        attempt_at = now() + make_interval(secs => $4),
        state = CASE WHEN $5::boolean THEN 'paused' ELSE state END,
        claimed_until = NULL
    WHERE subscription_id = $1 AND claimed_until = $2
    RETURNING subscription_id, state
),
recorded AS (
    INSERT INTO deliveries (
        subscription_id, xid, seq, sequence, previous, kind, subject, attempts, attempted_at, status, answer, is_delivered
    )
    SELECT subscription_id, $6, $7, $8, $9, $10, $11, 1, $12, $13, $14, false FROM failed
    ON CONFLICT (subscription_id, xid, seq) DO UPDATE SET
        sequence = excluded.sequence,
        previous = excluded.previous,
        attempts = deliveries.attempts + 1,
        attempted_at = excluded.attempted_at,
        status = excluded.status,
        answer = excluded.answer,
        is_delivered = false
)
SELECT state FROM failed;

-- name: read_subscription_lags
-- Reads how old the first event is that each subscription has not passed yet, as of an instant (null: none is left).
SELECT
    s.subscription_id, s.name, s.state, s.failures, s.last_error,
    (SELECT extract(epoch FROM $1 - e.at)::float8 FROM events AS e
        WHERE (e.xid, e.seq) > (s.cursor_xid, s.cursor_seq) ORDER BY e.xid, e.seq LIMIT 1) AS lag_seconds
FROM subscriptions AS s
ORDER BY s.subscription_id;
