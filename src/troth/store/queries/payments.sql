-- name: try_following_payments
-- Takes the right to follow the log for accounts, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834781);

-- name: touch_payment_accounts
-- Marks the accounts of orders to which something happened after a position as due, and opens those of new orders that are paid with something;
-- gives the position up to which the log was read (no row: nothing is there).
WITH next AS MATERIALIZED (
    SELECT xid, seq, subject, kind FROM events
    WHERE (xid, seq) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, seq
    LIMIT $4
),
wanted AS MATERIALIZED (
    SELECT DISTINCT subject AS order_id FROM next WHERE kind = ANY($3::text[])
),
marked AS (
    INSERT INTO payment_accounts (order_id, version, currency, tenders, adjustments, touched, due_at)
    SELECT o.order_id, 0, o.currency, '[]', '[]', 1, $5::timestamptz
    FROM orders AS o JOIN wanted AS w USING (order_id)
    WHERE o.payments::text <> '[]' OR EXISTS (SELECT FROM payment_accounts AS p WHERE p.order_id = o.order_id)
    ORDER BY o.order_id
    ON CONFLICT (order_id) DO UPDATE SET touched = payment_accounts.touched + 1, due_at = least(payment_accounts.due_at, excluded.due_at)
)
SELECT xid, seq, count(*) OVER () AS looked_at FROM next ORDER BY xid DESC, seq DESC LIMIT 1;

-- name: touch_payment_account
-- Marks one account as due; gives its order, no row where there is none.
UPDATE payment_accounts SET touched = touched + 1, due_at = least(due_at, $2::timestamptz) WHERE order_id = $1 RETURNING order_id;

-- name: claim_payment_accounts
-- Claims accounts that are due and that nobody else settles now, the longest overdue first.
UPDATE payment_accounts AS p
SET claimed_until = $1::timestamptz + make_interval(secs => $2)
WHERE p.order_id IN (
        SELECT c.order_id FROM payment_accounts AS c
        WHERE c.due_at <= $1 AND (c.claimed_until IS NULL OR c.claimed_until <= $1)
        ORDER BY c.due_at, c.order_id
        LIMIT $3
    )
    AND p.due_at <= $1
    AND (p.claimed_until IS NULL OR p.claimed_until <= $1)
RETURNING p.order_id, p.touched, p.claimed_until;

-- name: free_payment_account
-- Frees a claimed account, due again at an instant (null: when something happens), or at once where something happened meanwhile.
UPDATE payment_accounts
SET claimed_until = NULL, due_at = CASE WHEN touched = $3 THEN $4::timestamptz ELSE coalesce(least(due_at, $4), $5) END
WHERE order_id = $1 AND claimed_until = $2;

-- name: read_payment_accounts
-- Reads accounts with their steps.
SELECT
    p.order_id, p.version, p.currency, p.tenders, p.adjustments, p.disputes, p.is_secured, p.is_stuck, p.lacking_minor, p.due_at,
    coalesce(
        (SELECT json_agg(
            json_build_object(
                'step', s.step, 'payment', s.payment, 'tender', s.tender, 'kind', s.kind, 'amount_minor', s.amount_minor,
                'requested_at', s.requested_at, 'state', s.state, 'done_minor', s.done_minor, 'reference', s.reference,
                'asked_at', s.asked_at, 'answered_at', s.answered_at, 'expires_at', s.expires_at, 'attempts', s.attempts,
                'code', s.code, 'detail', s.detail, 'is_final', s.is_final
            ) ORDER BY s.step
        ) FROM payment_steps AS s WHERE s.order_id = p.order_id),
        '[]'
    ) AS steps
FROM payment_accounts AS p WHERE p.order_id = ANY($1::text[]) ORDER BY p.order_id;

-- name: write_payment_account
-- Writes an account that is still of the version that was read; gives its new version, no row where somebody else changed it.
UPDATE payment_accounts
SET version = version + 1, tenders = $3, adjustments = $4, disputes = $5, is_secured = $6, is_stuck = $7, lacking_minor = $8
WHERE order_id = $1 AND version = $2
RETURNING version;

-- name: open_payment_account
-- Opens an empty account for an order that has none.
INSERT INTO payment_accounts (order_id, version, currency, tenders, adjustments) VALUES ($1, 0, $2, '[]', '[]')
ON CONFLICT (order_id) DO NOTHING;

-- name: write_payment_steps
-- Writes steps, new or changed; one that is known is changed only from where it stood.
INSERT INTO payment_steps (
    order_id, step, payment, tender, gateway, kind, state, amount_minor, done_minor, reference, requested_at, asked_at, answered_at,
    expires_at, attempts, code, detail, is_final
)
SELECT $1, s.*
FROM unnest(
    $2::integer[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::text[],
    $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::integer[], $16::text[], $17::text[], $18::boolean[]
) AS s
ON CONFLICT (order_id, step) DO UPDATE SET
    state = excluded.state,
    done_minor = excluded.done_minor,
    reference = excluded.reference,
    asked_at = excluded.asked_at,
    answered_at = excluded.answered_at,
    expires_at = excluded.expires_at,
    attempts = excluded.attempts,
    code = excluded.code,
    detail = excluded.detail,
    is_final = excluded.is_final;

-- name: find_payment_accounts
-- Finds a page of accounts by order id that had to do with a gateway since an instant.
SELECT DISTINCT s.order_id FROM payment_steps AS s
WHERE s.gateway = $1 AND s.requested_at >= $2 AND s.order_id > $3
ORDER BY s.order_id LIMIT $4;

-- name: find_steps_by_reference
-- Finds the orders whose payments a gateway calls so.
SELECT DISTINCT order_id FROM payment_steps WHERE gateway = $1 AND reference = $2 AND reference <> '' ORDER BY order_id LIMIT 2;

-- name: find_disputed_orders
-- Finds a page of orders, after one, of which a dispute of a payment is open.
SELECT order_id FROM payment_accounts
WHERE disputes::text <> '[]' AND order_id > $1
    AND EXISTS (SELECT FROM json_array_elements(disputes) AS d (dispute) WHERE d.dispute ->> 'state' = 'open')
ORDER BY order_id LIMIT $2;

-- name: count_payments_in_flight
-- Counts the steps of which it has been unknown since before an instant what became of them.
SELECT count(*) FROM payment_steps WHERE state IN ('requested', 'unknown') AND requested_at < $1;

-- name: find_payment_notice
-- Finds a notice that came and was looked after.
SELECT notice_id FROM payment_notices WHERE gateway = $1 AND notice_id = $2;

-- name: keep_payment_notice
-- Keeps that a notice came and was looked after.
INSERT INTO payment_notices (gateway, notice_id, kind, order_id, received_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (gateway, notice_id) DO NOTHING;

-- name: delete_old_payment_notices
-- Forgets notices that came before an instant.
DELETE FROM payment_notices WHERE received_at < $1;

-- name: find_payment_differences
-- Finds payments of which more was captured than authorized, or more refunded than captured, and accounts that are no order's.
WITH sums AS (
    SELECT
        order_id, payment,
        sum(done_minor) FILTER (WHERE kind IN ('adopt', 'authorize') AND state IN ('authorized', 'expired')) AS authorized,
        sum(done_minor) FILTER (WHERE state = 'captured') AS captured,
        sum(done_minor) FILTER (WHERE state = 'refunded') AS refunded
    FROM payment_steps GROUP BY order_id, payment
),
found AS (
    SELECT
        order_id, payment::text AS payment,
        format(
            'authorized %s, captured %s, refunded %s', coalesce(authorized, 0), coalesce(captured, 0), coalesce(refunded, 0)
        ) AS what
    FROM sums
    WHERE coalesce(captured, 0) > coalesce(authorized, 0) OR coalesce(refunded, 0) > coalesce(captured, 0)
    UNION ALL
    SELECT p.order_id, '-', 'its order is not there' FROM payment_accounts AS p LEFT JOIN orders AS o USING (order_id) WHERE o.order_id IS NULL
    UNION ALL
    SELECT s.order_id, s.payment::text, format('step %s is %s, which is not what a step of kind %s becomes', s.step, s.state, s.kind)
    FROM payment_steps AS s
    WHERE s.state NOT IN ('requested', 'unknown', 'failed')
        AND (s.kind, s.state) NOT IN (
            ('adopt', 'authorized'), ('adopt', 'expired'), ('authorize', 'authorized'), ('authorize', 'expired'), ('capture', 'captured'),
            ('refund', 'refunded'), ('void', 'voided')
        )
    UNION ALL
    SELECT s.order_id, s.payment::text, format('step %s lacks its account', s.step)
    FROM payment_steps AS s LEFT JOIN payment_accounts AS p USING (order_id) WHERE p.order_id IS NULL
    UNION ALL
    SELECT subject, body ->> 'payment', 'events say ' || total || ', steps say ' || coalesce(done, 0)
    FROM (
        SELECT e.subject, e.body, e.total, (
                SELECT sum(CASE s.state WHEN 'captured' THEN s.done_minor ELSE -s.done_minor END)
                FROM payment_steps AS s
                WHERE s.order_id = e.subject AND s.payment::text = e.body ->> 'payment' AND s.gateway <> '' AND s.state IN ('captured', 'refunded')
            ) AS done
        FROM (
            SELECT subject, json_build_object('payment', body ->> 'payment') AS body, sum(
                    CASE kind WHEN 'PaymentCaptured' THEN (body ->> 'amount_minor')::bigint ELSE -(body ->> 'amount_minor')::bigint END
                ) AS total
            FROM events WHERE kind IN ('PaymentCaptured', 'PaymentRefunded') GROUP BY subject, body ->> 'payment'
        ) AS e
    ) AS compared
    WHERE total <> coalesce(done, 0)
)
SELECT order_id, payment, what, count(*) OVER () AS differences FROM found ORDER BY order_id, payment, what LIMIT $1;
