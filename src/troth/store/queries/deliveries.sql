-- name: find_deliveries
-- Finds a page of a subscription's deliveries, newest event first, before a position, with a result (null: any).
SELECT subscription_id, xid, seq, sequence, kind, subject, attempts, attempted_at, status, answer, is_delivered, resend_at
FROM deliveries
WHERE subscription_id = $1
    AND ($2::boolean IS NULL OR is_delivered = $2)
    AND ($3::xid8 IS NULL OR (xid, seq) < ($3, $4::bigint))
ORDER BY xid DESC, seq DESC LIMIT $5;

-- name: request_resend
-- Asks that a delivery be sent once more.
UPDATE deliveries SET resend_at = now() WHERE subscription_id = $1 AND xid = $2 AND seq = $3
RETURNING subscription_id, xid, seq, sequence, kind, subject, attempts, attempted_at, status, answer, is_delivered, resend_at;

-- name: claim_resends
-- Claims deliveries that shall be sent once more, the longest waiting first; a claim that nobody finishes lapses.
WITH claimed AS (
    UPDATE deliveries SET resend_at = now() + make_interval(secs => $1)
    WHERE (subscription_id, xid, seq) IN (
            SELECT d.subscription_id, d.xid, d.seq FROM deliveries AS d
            WHERE d.resend_at <= now() ORDER BY d.resend_at, d.subscription_id, d.xid, d.seq LIMIT $2
        )
        AND resend_at <= now()
    RETURNING subscription_id, xid, seq, sequence, previous
)
SELECT
    c.subscription_id, s.url, s.secret, c.sequence, c.previous,
    e.subject, e.at, e.xid, e.seq, e.kind, e.version, e.body, e.actor, e.cause, e.policy_version
FROM claimed AS c JOIN subscriptions AS s USING (subscription_id) JOIN events AS e ON e.xid = c.xid AND e.seq = c.seq
ORDER BY c.subscription_id, c.xid, c.seq;

-- name: finish_resend
-- Records how sending once more went.
UPDATE deliveries
SET attempts = attempts + 1, attempted_at = $4, status = $5, answer = $6, is_delivered = is_delivered OR $7, resend_at = NULL
WHERE subscription_id = $1 AND xid = $2 AND seq = $3;

-- name: delete_old_deliveries
-- Forgets deliveries that were last attempted before an instant, up to a number of them; gives how many.
WITH old AS (
    SELECT subscription_id, xid, seq FROM deliveries WHERE attempted_at < $1 ORDER BY attempted_at LIMIT $2
),
gone AS (
    DELETE FROM deliveries USING old
    WHERE deliveries.subscription_id = old.subscription_id AND deliveries.xid = old.xid AND deliveries.seq = old.seq
    RETURNING 1
)
SELECT count(*) FROM gone;
