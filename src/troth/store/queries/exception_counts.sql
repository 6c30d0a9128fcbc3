-- name: count_exceptions
-- Counts what needs a person at an instant, by kind, with how long the oldest of each has been open: the same that the queries of the workbench find one by one.
SELECT
    CASE
        WHEN EXISTS (
            SELECT FROM allocations AS a WHERE a.order_id = p.order_id AND a.line_id = p.line_id AND a.state = 'rejected'
        ) THEN 'rejected'
        WHEN p.promised_at IS NOT NULL OR EXISTS (
            SELECT FROM allocations AS a WHERE a.order_id = p.order_id AND a.line_id = p.line_id AND a.state = 'short'
        ) THEN 'short'
        ELSE 'unsourced'
    END AS kind,
    count(*) AS count, min(p.since) AS since
FROM parked AS p WHERE NOT p.is_waiting AND p.is_sought
GROUP BY 1
UNION ALL
SELECT 'late_work', count(*), min(ship_by) FROM fulfillments
WHERE status IN ('released', 'accepted', 'picked', 'packed') AND ship_by < $1
UNION ALL
SELECT 'late_promise', count(*), min(since)
FROM (
    SELECT min(o.captured_at) AS since
    FROM order_lines AS l
    JOIN orders AS o USING (order_id)
    JOIN allocations AS a ON a.order_id = l.order_id AND a.line_id = l.line_id
    JOIN fulfillments AS f ON f.order_id = a.order_id AND f.fulfillment_id = a.fulfillment_id
    WHERE l.need_by >= $2 AND l.canceled_quantity < l.quantity
        AND o.status NOT IN ('canceled', 'shipped', 'delivered')
        AND a.state IN ('backordered', 'reserved', 'released', 'accepted', 'picked', 'packed', 'ready')
        AND f.promised_at > l.need_by
    GROUP BY l.order_id, l.line_id
) AS late
UNION ALL
SELECT 'not_accepted', count(*), min(e.at)
FROM fulfillments AS f
CROSS JOIN LATERAL (
    SELECT max(at) AS at FROM events
    WHERE subject = f.order_id AND kind = 'AcceptanceMissed' AND body ->> 'fulfillment_id' = f.fulfillment_id
) AS e
WHERE f.node = ANY($4::text[]) AND f.status = 'released' AND e.at IS NOT NULL
UNION ALL
SELECT 'late_release', count(*), min(greatest(r.release_at, r.latest_at))
FROM planned_releases AS r JOIN orders AS o USING (order_id)
WHERE r.latest_at <= $3 AND r.release_at <= $3 AND o.status <> 'on_hold'
UNION ALL
SELECT
    CASE WHEN h.escalated_at IS NOT NULL THEN 'hold_over' WHEN h.type = 'address' THEN 'address' ELSE 'hold' END,
    count(*), min(coalesce(h.escalated_at, h.placed_at))
FROM holds AS h
WHERE h.state = 'placed' AND (h.type <> 'payment' OR h.placed_by <> 'payments')
    AND (h.escalated_at IS NOT NULL OR (h.terms ->> 'is_quiet') IS DISTINCT FROM 'true')
    AND EXISTS (SELECT FROM order_lines AS l WHERE l.order_id = h.order_id AND l.canceled_quantity < l.quantity)
GROUP BY 1
UNION ALL
SELECT 'payment', count(*), min(coalesce(s.at, o.captured_at))
FROM payment_accounts AS a
JOIN orders AS o USING (order_id)
LEFT JOIN LATERAL (
    SELECT coalesce(answered_at, requested_at) AS at FROM payment_steps
    WHERE order_id = a.order_id AND state IN ('failed', 'unknown') ORDER BY step DESC LIMIT 1
) AS s ON true
WHERE a.is_stuck AND (a.due_at IS NULL OR a.due_at > $1)
    AND EXISTS (SELECT FROM order_lines AS l WHERE l.order_id = a.order_id AND l.canceled_quantity < l.quantity)
UNION ALL
SELECT 'dispute', count(*), min((d.dispute ->> 'opened_at')::timestamptz)
FROM payment_accounts AS a
CROSS JOIN LATERAL json_array_elements(a.disputes) AS d (dispute)
WHERE a.disputes::text <> '[]' AND d.dispute ->> 'state' = 'open'
    AND EXISTS (SELECT FROM order_lines AS l WHERE l.order_id = a.order_id AND l.canceled_quantity < l.quantity)
UNION ALL
SELECT 'return_waiting', count(*), min(since)
FROM (
    SELECT min((g ->> 'at')::timestamptz) AS since
    FROM returns AS r CROSS JOIN LATERAL json_array_elements(r.body -> 'received') AS g
    WHERE r.is_waiting AND g ->> 'state' = 'waiting'
    GROUP BY r.order_id, r.return_id, g ->> 'node'
) AS waiting
UNION ALL
SELECT 'refund_held', count(*), min(opened_at) FROM returns
WHERE is_refund_held AND state IN ('announced', 'in_transit', 'received')
UNION ALL
SELECT 'deficit', count(*), min((SELECT max(e.at) FROM entries AS e WHERE e.sku = b.sku AND e.node = b.node))
FROM balances AS b WHERE b.deficit > 0
UNION ALL
SELECT 'overdue_supply', count(*), min(expected_at) FROM balances
WHERE expected_at <= $6 AND expected_at > $7 AND on_hand > 0 AND NOT starts_with(source, 'apart/')
UNION ALL
SELECT 'predicted_late', count(*), min(p.called_at)
FROM predictions AS p JOIN fulfillments AS f USING (order_id, fulfillment_id)
WHERE p.called_at IS NOT NULL AND p.promised_at = f.promised_at
    AND f.status IN ('released', 'accepted', 'picked', 'packed', 'shipped')
UNION ALL
SELECT 'parcel', count(*), min(p.trouble_at)
FROM predictions AS p JOIN fulfillments AS f USING (order_id, fulfillment_id)
WHERE p.trouble <> ''
UNION ALL
SELECT 'ship_notice', count(*), min(d.due_at)
FROM orders AS o
JOIN routing_guides AS g ON g.guide = o.attributes ->> 'routing_guide'
JOIN fulfillments AS f USING (order_id)
CROSS JOIN LATERAL (SELECT f.shipped_at + make_interval(mins => (g.document ->> 'notice_minutes')::integer) AS due_at) AS d
LEFT JOIN ship_notices AS n USING (fulfillment_id)
WHERE o.attributes ->> 'routing_guide' IS NOT NULL AND f.shipped_at >= $5 AND d.due_at < $1 AND n.fulfillment_id IS NULL
UNION ALL
SELECT 'intake', count(*), min(received_at) FROM intake WHERE state = 'waiting'
UNION ALL
SELECT
    'silent_node', count(*),
    min(CASE WHEN w.acknowledged_at IS NULL AND w.acknowledge_by < $1 AND f.status = 'released' THEN w.acknowledge_by ELSE w.ship_within END)
FROM node_works AS w JOIN fulfillments AS f USING (order_id, fulfillment_id)
WHERE w.units > 0 AND f.ship_by >= $1
    AND (
        (w.acknowledge_by < $1 AND w.acknowledged_at IS NULL AND f.status = 'released')
        OR (w.ship_within < $1 AND f.status IN ('released', 'accepted', 'picked', 'packed'))
    )
    AND NOT EXISTS (
        SELECT FROM node_messages AS m
        WHERE m.node = w.node AND m.number = w.number AND m.refused_at IS NOT NULL AND f.status = 'released'
            AND (m.acknowledged_at IS NULL OR m.acknowledged_at < m.refused_at)
    )
UNION ALL
SELECT 'message_refused', count(*), min(m.refused_at)
FROM node_messages AS m
JOIN node_works AS w ON w.fulfillment_id = m.fulfillment_id AND w.node = m.node AND w.number = m.number
JOIN fulfillments AS f ON f.order_id = w.order_id AND f.fulfillment_id = w.fulfillment_id
WHERE m.refused_at IS NOT NULL AND (m.acknowledged_at IS NULL OR m.acknowledged_at < m.refused_at)
    AND w.units > 0 AND f.status = 'released' AND f.ship_by >= $1;
