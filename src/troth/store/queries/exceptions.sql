-- name: find_parked_exceptions
-- Finds lines with units that lie nowhere and for which a person is called, those that had the earliest promise first; of one order, or of all.
SELECT p.order_id, p.line_id AS subject, p.since, coalesce(p.promised_at, l.need_by) AS due_at, p.reason AS detail, p.promised_at
FROM parked AS p JOIN order_lines AS l USING (order_id, line_id)
WHERE NOT p.is_waiting AND p.is_sought AND ($1::text IS NULL OR p.order_id = $1)
ORDER BY p.since, p.order_id, p.line_id
LIMIT $2;

-- name: find_late_work
-- Finds work that is at its node although it had to leave by an instant, what had to leave first first; of one order, or of all.
SELECT f.order_id, f.fulfillment_id AS subject, f.ship_by AS since, f.ship_by AS due_at, f.node, f.status AS detail
FROM unnest(ARRAY['released', 'accepted', 'picked', 'packed']) AS s (status)
CROSS JOIN LATERAL (
    SELECT order_id, fulfillment_id, ship_by, node, status FROM fulfillments
    WHERE status = s.status
        AND status IN ('released', 'accepted', 'picked', 'packed', 'ready', 'shipped')
        AND ship_by < $3 AND ($1::text IS NULL OR order_id = $1)
    ORDER BY ship_by, fulfillment_id LIMIT $2
) AS f
ORDER BY f.ship_by, f.fulfillment_id
LIMIT $2;

-- name: find_late_promises
-- Finds lines of which units that have not left are promised for later than they are needed, since an instant, what is needed first first; of one order, or of all.
SELECT l.order_id, l.line_id AS subject, o.captured_at AS since, l.need_by AS due_at, max(f.promised_at) AS promised_at
FROM order_lines AS l
JOIN orders AS o USING (order_id)
JOIN allocations AS a ON a.order_id = l.order_id AND a.line_id = l.line_id
JOIN fulfillments AS f ON f.order_id = a.order_id AND f.fulfillment_id = a.fulfillment_id
WHERE l.need_by >= $3 AND l.canceled_quantity < l.quantity
    AND ($1::text IS NULL OR l.order_id = $1)
    AND o.status NOT IN ('canceled', 'shipped', 'delivered')
    AND a.state IN ('backordered', 'reserved', 'released', 'accepted', 'picked', 'packed', 'ready')
    AND f.promised_at > l.need_by
GROUP BY l.order_id, l.line_id, o.captured_at, l.need_by
ORDER BY l.need_by, l.order_id, l.line_id
LIMIT $2;

-- name: find_unaccepted_exceptions
-- Finds work of some nodes that is released and of which it was said that it was not accepted in time, the most urgent first; of one order, or of all.
SELECT f.order_id, f.fulfillment_id AS subject, e.at AS since, f.ship_by AS due_at, f.node
FROM fulfillments AS f
CROSS JOIN LATERAL (
    SELECT max(at) AS at FROM events
    WHERE subject = f.order_id AND kind = 'AcceptanceMissed' AND body ->> 'fulfillment_id' = f.fulfillment_id
) AS e
WHERE f.node = ANY($3::text[]) AND f.status = 'released' AND e.at IS NOT NULL
    AND ($1::text IS NULL OR f.order_id = $1)
ORDER BY f.ship_by, f.fulfillment_id
LIMIT $2;

-- name: find_release_exceptions
-- Finds work that no hold keeps, and that was to be released and to be begun by an instant and is not released, what had to begin first first; of one order, or of all.
SELECT r.order_id, r.fulfillment_id AS subject, greatest(r.release_at, r.latest_at) AS since, f.ship_by AS due_at, r.node, r.wave
FROM planned_releases AS r
JOIN fulfillments AS f USING (order_id, fulfillment_id)
JOIN orders AS o USING (order_id)
WHERE r.latest_at <= $3 AND r.release_at <= $3 AND o.status <> 'on_hold' AND ($1::text IS NULL OR r.order_id = $1)
ORDER BY r.latest_at, r.fulfillment_id
LIMIT $2;

-- name: find_hold_exceptions
-- Finds placed holds that call a person, with the time by which the first work of their orders has to leave, the oldest first; of one order, or of all.
SELECT
    h.order_id, h.hold_id AS subject, h.placed_at, h.escalated_at, h.type, h.reason AS detail, h.terms ->> 'owner' AS owner,
    (
        SELECT min(f.ship_by) FROM fulfillments AS f
        WHERE f.order_id = h.order_id AND f.status IN ('reserved', 'backordered', 'released', 'accepted', 'picked', 'packed')
    ) AS due_at
FROM holds AS h
WHERE h.state = 'placed' AND (h.type <> 'payment' OR h.placed_by <> 'payments') AND ($1::text IS NULL OR h.order_id = $1)
    AND (h.escalated_at IS NOT NULL OR (h.terms ->> 'is_quiet') IS DISTINCT FROM 'true')
ORDER BY h.placed_at, h.order_id, h.hold_id
LIMIT $2;

-- name: find_stuck_payments
-- Finds orders whose account cannot be settled without a person and is not just being settled, with why its newest step failed, by when the first work has to leave, and since when; of one order, or of all.
SELECT
    a.order_id, 'account' AS subject, coalesce(s.at, o.captured_at) AS since, coalesce(nullif(s.detail, ''), s.code, '') AS detail,
    (
        SELECT min(f.ship_by) FROM fulfillments AS f
        WHERE f.order_id = a.order_id AND f.status IN ('reserved', 'backordered', 'released', 'accepted', 'picked', 'packed')
    ) AS due_at
FROM payment_accounts AS a
JOIN orders AS o USING (order_id)
LEFT JOIN LATERAL (
    SELECT coalesce(answered_at, requested_at) AS at, code, detail FROM payment_steps
    WHERE order_id = a.order_id AND state IN ('failed', 'unknown') ORDER BY step DESC LIMIT 1
) AS s ON true
WHERE a.is_stuck AND (a.due_at IS NULL OR a.due_at > $3) AND ($1::text IS NULL OR a.order_id = $1)
ORDER BY a.order_id
LIMIT $2;

-- name: find_waiting_returns
-- Finds units that came back and of which nobody has said what is done with them, by return and node, those that came first first; of one order, or of all.
SELECT
    r.order_id, r.return_id AS subject, g ->> 'node' AS node, min((g ->> 'at')::timestamptz) AS since, NULL::timestamptz AS due_at,
    coalesce(string_agg(DISTINCT nullif(g ->> 'note', ''), ', '), '') AS detail,
    array_agg(g ->> 'line_id') AS lines, array_agg((g ->> 'quantity')::bigint) AS units
FROM returns AS r CROSS JOIN LATERAL json_array_elements(r.body -> 'received') AS g
WHERE r.is_waiting AND g ->> 'state' = 'waiting' AND ($1::text IS NULL OR r.order_id = $1)
GROUP BY r.order_id, r.return_id, g ->> 'node'
ORDER BY since, r.return_id, node
LIMIT $2;

-- name: find_held_refunds
-- Finds returns that are not over and whose refund a rule holds for a person, the oldest first; of one order, or of all.
SELECT
    r.order_id, r.return_id AS subject, r.opened_at AS since, NULL::timestamptz AS due_at,
    ARRAY(SELECT json_array_elements_text(r.body -> 'flags')) AS flags,
    ARRAY(SELECT l ->> 'line_id' FROM json_array_elements(r.body -> 'lines') AS l) AS lines,
    ARRAY(SELECT (l ->> 'quantity')::bigint FROM json_array_elements(r.body -> 'lines') AS l) AS units
FROM returns AS r
WHERE r.is_refund_held AND r.state IN ('announced', 'in_transit', 'received') AND ($1::text IS NULL OR r.order_id = $1)
ORDER BY r.opened_at, r.return_id
LIMIT $2;

-- name: find_open_disputes
-- Finds disputes of payments that are open, with until when evidence is taken, what has to be answered first first; of one order, or of all.
SELECT
    a.order_id, d.dispute ->> 'dispute_id' AS subject, (d.dispute ->> 'opened_at')::timestamptz AS since,
    (d.dispute ->> 'evidence_due_at')::timestamptz AS due_at, d.dispute ->> 'reason' AS detail
FROM payment_accounts AS a
CROSS JOIN LATERAL json_array_elements(a.disputes) AS d (dispute)
WHERE a.disputes::text <> '[]' AND d.dispute ->> 'state' = 'open' AND ($1::text IS NULL OR a.order_id = $1)
ORDER BY due_at NULLS LAST, a.order_id, subject
LIMIT $2;

-- name: find_deficits
-- Finds supplies of which more is promised than there is, with when they last moved; all, or one.
SELECT
    b.sku, b.node, b.source, b.deficit,
    (SELECT max(e.at) FROM entries AS e WHERE e.sku = b.sku AND e.node = b.node) AS since, NULL::timestamptz AS due_at
FROM balances AS b
WHERE b.deficit > 0 AND ($2::text IS NULL OR (b.sku, b.node, b.source) = ($2, $3::text, $4::text))
ORDER BY b.sku, b.node, b.source
LIMIT $1;

-- name: find_overdue_supplies
-- Finds supplies that should have come between two instants and have not, with the orders that wait for them and when the first of those should leave; what is promised first. All, or one.
WITH late AS MATERIALIZED (
    SELECT sku, node, source, on_hand, reserved, expected_at
    FROM balances
    WHERE expected_at <= $2 AND expected_at > $3 AND on_hand > 0 AND NOT starts_with(source, 'apart/')
        AND ($4::text IS NULL OR (sku, node, source) = ($4, $5::text, $6::text))
    ORDER BY reserved = 0, expected_at, sku, node, source
    LIMIT $1
)
SELECT l.sku, l.node, l.source, l.on_hand, l.reserved, l.expected_at AS since, w.due_at, coalesce(w.orders, 0)::integer AS orders
FROM late AS l
LEFT JOIN LATERAL (
    SELECT min(f.ship_by) AS due_at, count(DISTINCT a.order_id) AS orders
    FROM allocations AS a JOIN fulfillments AS f USING (order_id, fulfillment_id)
    WHERE a.sku = l.sku AND a.node = l.node AND a.source = l.source AND a.source <> 'on_hand' AND a.state = 'backordered'
) AS w ON l.reserved > 0
ORDER BY l.reserved = 0, l.expected_at, l.sku, l.node, l.source;

-- name: sum_supply_elsewhere
-- Sums up what is free of a SKU, on hand or still to come after an instant, beside one supply.
SELECT coalesce(sum(on_hand - reserved), 0)::bigint
FROM balances
WHERE sku = $1 AND (node, source) <> ($2, $3::text) AND on_hand > reserved
    AND NOT starts_with(source, 'apart/') AND (expected_at IS NULL OR expected_at > $4);

-- name: read_concerned_orders
-- Reads what a list says of some orders.
SELECT order_id, version, channel, external_id, customer_id, customer_name, currency, charges
FROM orders
WHERE order_id = ANY($1::text[])
    AND ($2::text IS NULL OR customer_id = $2)
    AND ($3::text IS NULL OR channel = $3)
    AND (
        $4::text IS NULL
        OR EXISTS (SELECT FROM fulfillments AS f WHERE f.order_id = orders.order_id AND f.node = $4)
        OR EXISTS (
            SELECT FROM returns AS r CROSS JOIN LATERAL json_array_elements(r.body -> 'received') AS g
            WHERE r.order_id = orders.order_id AND r.is_waiting AND g ->> 'node' = $4
        )
    );

-- name: read_concerned_lines
-- Reads the lines of some orders of which units are wanted.
SELECT order_id, line_id, sku, quantity, unit_price_minor, need_by, not_before, canceled_quantity, terms, charges
FROM order_lines
WHERE order_id = ANY($1::text[]) AND canceled_quantity < quantity
ORDER BY order_id, position;

-- name: read_concerned_parts
-- Reads how many units of which lines lie in which work of some orders, and where: what has ended tells why units lie nowhere.
SELECT order_id, line_id, sku, fulfillment_id, state, sum(quantity)::bigint AS quantity
FROM allocations
WHERE order_id = ANY($1::text[]) AND state NOT IN ('split', 'canceled', 'replaced')
GROUP BY order_id, line_id, sku, fulfillment_id, state;

-- name: read_marks
-- Reads what people said of some exceptions.
SELECT exception_id, owner, snoozed_until, changed_at, changed_by FROM exception_marks WHERE exception_id = ANY($1::text[]);

-- name: write_mark
-- Writes who looks after an exception and until when it is put off, in place of what was said before.
INSERT INTO exception_marks (exception_id, owner, snoozed_until, changed_at, changed_by)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (exception_id) DO UPDATE SET
    owner = excluded.owner,
    snoozed_until = excluded.snoozed_until,
    changed_at = excluded.changed_at,
    changed_by = excluded.changed_by;

-- name: append_note
-- Appends a note about an exception.
INSERT INTO exception_notes (exception_id, at, noted_by, note) VALUES ($1, $2, $3, $4);

-- name: read_notes
-- Reads the notes about an exception, the oldest first.
SELECT at, noted_by, note FROM exception_notes WHERE exception_id = $1 ORDER BY at, number;

-- name: delete_old_marks
-- Deletes what was said of exceptions before an instant.
DELETE FROM exception_marks WHERE changed_at < $1;

-- name: find_alert_exceptions
-- Finds work for which an alert rule called a person because of the promise that it has, the nearest promise first; of one order, or of all.
SELECT p.order_id, p.fulfillment_id AS subject, p.called_at AS since, p.promised_at AS due_at, p.percent, p.expected_at, p.owner, f.node
FROM predictions AS p JOIN fulfillments AS f USING (order_id, fulfillment_id)
WHERE p.called_at IS NOT NULL AND p.promised_at = f.promised_at
    AND f.status IN ('released', 'accepted', 'picked', 'packed', 'shipped')
    AND ($1::text IS NULL OR p.order_id = $1)
ORDER BY p.promised_at, p.fulfillment_id
LIMIT $2;

-- name: find_parcel_exceptions
-- Finds work of which a carrier said that a parcel is lost, damaged or goes back, what was said first first; of one order, or of all.
SELECT p.order_id, p.fulfillment_id AS subject, p.trouble_at AS since, p.promised_at AS due_at, p.trouble AS detail, f.node
FROM predictions AS p JOIN fulfillments AS f USING (order_id, fulfillment_id)
WHERE p.trouble <> '' AND ($1::text IS NULL OR p.order_id = $1)
ORDER BY p.trouble_at, p.fulfillment_id
LIMIT $2;

-- name: find_silent_exceptions
-- Finds work of which its node was told and that its system refused, or that it has not acknowledged, or not shipped, by an instant by which it had to, what was due first first; what had to leave by then is late anyhow. Of one order, or of all.
WITH refused AS (
    SELECT
        w.order_id, w.fulfillment_id AS subject, w.node, f.ship_by AS due_at, 'refuse' AS what, m.refused_at AS since,
        m.kind, m.refused_at, m.refused_why
    FROM node_messages AS m
    JOIN node_works AS w ON w.fulfillment_id = m.fulfillment_id AND w.node = m.node AND w.number = m.number
    JOIN fulfillments AS f ON f.order_id = w.order_id AND f.fulfillment_id = w.fulfillment_id
    WHERE m.refused_at IS NOT NULL AND (m.acknowledged_at IS NULL OR m.acknowledged_at < m.refused_at)
        AND w.units > 0 AND f.status = 'released' AND f.ship_by >= $3 AND ($1::text IS NULL OR w.order_id = $1)
)
SELECT order_id, subject, node, due_at, what, since, kind, refused_at, refused_why FROM refused
UNION ALL
SELECT
    w.order_id, w.fulfillment_id, w.node, f.ship_by,
    CASE WHEN w.acknowledged_at IS NULL AND w.acknowledge_by < $3 AND f.status = 'released' THEN 'acknowledge' ELSE 'ship' END,
    CASE WHEN w.acknowledged_at IS NULL AND w.acknowledge_by < $3 AND f.status = 'released' THEN w.acknowledge_by ELSE w.ship_within END,
    '', NULL, ''
FROM node_works AS w JOIN fulfillments AS f USING (order_id, fulfillment_id)
WHERE w.units > 0 AND f.ship_by >= $3 AND ($1::text IS NULL OR w.order_id = $1)
    AND (
        (w.acknowledge_by < $3 AND w.acknowledged_at IS NULL AND f.status = 'released')
        OR (w.ship_within < $3 AND f.status IN ('released', 'accepted', 'picked', 'packed'))
    )
    AND NOT EXISTS (SELECT FROM refused AS r WHERE r.subject = w.fulfillment_id)
ORDER BY since, subject
LIMIT $2;
