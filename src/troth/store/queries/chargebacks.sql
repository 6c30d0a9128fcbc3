-- name: try_following_chargebacks
-- Takes the right to follow the log for chargebacks, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834823);

-- name: touch_charged_orders
-- Marks the orders under a routing guide to which something of some kinds happened after a position as due; gives the position up to which the log was read (no row: nothing is there).
WITH next AS MATERIALIZED (
    SELECT xid, seq, subject, kind FROM events
    WHERE (xid, seq) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, seq
    LIMIT $4
),
marked AS (
    INSERT INTO charged_orders AS c (order_id, due_at)
    SELECT o.order_id, $5::timestamptz
    FROM orders AS o JOIN (SELECT DISTINCT subject AS order_id FROM next WHERE kind = ANY($3::text[])) AS w USING (order_id)
    WHERE o.attributes ->> 'routing_guide' <> ''
    ORDER BY o.order_id
    ON CONFLICT (order_id) DO UPDATE SET due_at = least(c.due_at, excluded.due_at)
)
SELECT xid, seq, count(*) OVER () AS looked_at FROM next ORDER BY xid DESC, seq DESC LIMIT 1;

-- name: find_charged_orders
-- Finds the orders under a routing guide that are due, the longest overdue first.
SELECT order_id FROM charged_orders WHERE due_at <= $1 ORDER BY due_at, order_id LIMIT $2;

-- name: lock_charged_order
-- Keeps others from looking at an order that is due until the transaction ends; no row where it is not due, or somebody else looks at it.
SELECT order_id FROM charged_orders WHERE order_id = $1 AND due_at <= $2 FOR UPDATE SKIP LOCKED;

-- name: look_again_at_charged_order
-- Says when an order is looked at again (null: when something happens).
UPDATE charged_orders SET due_at = $2 WHERE order_id = $1;

-- name: read_cancelations
-- Reads how an order was captured and all that was canceled of it, the oldest first.
SELECT kind, body FROM events WHERE subject = $1 AND kind IN ('OrderCaptured', 'OrderCanceled') ORDER BY xid, seq;

-- name: write_expected_chargebacks
-- Writes what was expected to be charged back when an order was promised; what was written stays.
INSERT INTO chargebacks_expected (order_id, rule, customer_id, currency, amount_minor, promised_at)
SELECT $1, e.rule, $2, $3, e.amount_minor, $4 FROM unnest($5::text[], $6::bigint[]) AS e (rule, amount_minor)
ON CONFLICT (order_id, rule) DO NOTHING;

-- name: write_chargeback
-- Writes a chargeback, numbered within its order.
INSERT INTO chargebacks (
    order_id, chargeback_id, customer_id, guide, rule, subject, line_id, quantity, amount_minor, currency, incurred_at, written_at, state
)
SELECT $1, $1 || '-B' || (SELECT count(*) + 1 FROM chargebacks WHERE order_id = $1), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'incurred'
RETURNING chargeback_id;

-- name: decide_chargeback
-- Brings a chargeback from one of some states to another; no row where it is in none of them.
UPDATE chargebacks SET state = $4, accepted_minor = $5, reason = $6, reference = $7, decided_at = $8, decided_by = $9
WHERE order_id = $1 AND chargeback_id = $2 AND state = ANY($3::text[])
RETURNING order_id;

-- name: read_chargeback
-- Reads a chargeback.
SELECT * FROM chargebacks WHERE order_id = $1 AND chargeback_id = $2;

-- name: lock_chargebacks_of_order
-- Reads all chargebacks of an order, and keeps others from deciding about them meanwhile.
SELECT * FROM chargebacks WHERE order_id = $1 ORDER BY written_at, chargeback_id FOR UPDATE;

-- name: find_chargebacks
-- Finds a page of chargebacks, the newest first, before the position given; every filter that is null is no filter.
SELECT c.* FROM chargebacks AS c
WHERE ($1::text IS NULL OR c.customer_id = $1)
    AND ($2::text[] IS NULL OR c.customer_id = ANY($2))
    AND ($3::text IS NULL OR c.state = $3)
    AND ($4::text IS NULL OR c.rule = $4)
    AND ($5::text IS NULL OR c.order_id = $5)
    AND ($6::timestamptz IS NULL OR c.incurred_at >= $6)
    AND ($7::timestamptz IS NULL OR c.incurred_at < $7)
    AND ($8::timestamptz IS NULL OR (c.incurred_at, c.chargeback_id) < ($8, $9::text))
ORDER BY c.incurred_at DESC, c.chargeback_id DESC
LIMIT $10;

-- name: sum_chargebacks
-- Adds chargebacks up by customer, currency and rule: what was expected of orders promised in a period, and what was incurred in it.
WITH incurred AS (
    SELECT
        customer_id, currency, rule,
        coalesce(sum(amount_minor) FILTER (WHERE state = 'incurred'), 0)::bigint AS open,
        coalesce(sum(amount_minor) FILTER (WHERE state = 'disputed'), 0)::bigint AS disputed,
        sum(accepted_minor)::bigint AS accepted,
        coalesce(sum(amount_minor - accepted_minor) FILTER (WHERE state IN ('accepted', 'waived')), 0)::bigint AS waived
    FROM chargebacks
    WHERE state <> 'taken_back' AND ($1::text IS NULL OR customer_id = $1) AND ($2::text[] IS NULL OR customer_id = ANY($2))
        AND ($3::timestamptz IS NULL OR incurred_at >= $3) AND ($4::timestamptz IS NULL OR incurred_at < $4)
    GROUP BY customer_id, currency, rule
),
expected AS (
    SELECT customer_id, currency, rule, sum(amount_minor)::bigint AS expected
    FROM chargebacks_expected
    WHERE ($1::text IS NULL OR customer_id = $1) AND ($2::text[] IS NULL OR customer_id = ANY($2))
        AND ($3::timestamptz IS NULL OR promised_at >= $3) AND ($4::timestamptz IS NULL OR promised_at < $4)
    GROUP BY customer_id, currency, rule
)
SELECT
    customer_id, currency, rule, coalesce(e.expected, 0) AS expected, coalesce(i.open, 0) AS open,
    coalesce(i.disputed, 0) AS disputed, coalesce(i.accepted, 0) AS accepted, coalesce(i.waived, 0) AS waived
FROM incurred AS i FULL JOIN expected AS e USING (customer_id, currency, rule)
ORDER BY customer_id, currency, rule;
