-- name: read_ship_notices
-- Reads the ship notices that were sent for some fulfillments.
SELECT fulfillment_id, due_at, sent_at, reference FROM ship_notices WHERE fulfillment_id = ANY($1::text[]) ORDER BY fulfillment_id;

-- name: write_ship_notice
-- Writes that a ship notice was sent; no row where one was before.
INSERT INTO ship_notices (fulfillment_id, order_id, due_at, sent_at, reference) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (fulfillment_id) DO NOTHING
RETURNING fulfillment_id;

-- name: find_missing_ship_notices
-- Finds work that left since an instant, and whose ship notice was due by another and is missing, what was due first first; of one order, or of all.
SELECT f.order_id, f.fulfillment_id AS subject, f.node, g.guide AS detail, d.due_at AS since, d.due_at
FROM orders AS o
JOIN routing_guides AS g ON g.guide = o.attributes ->> 'routing_guide'
JOIN fulfillments AS f USING (order_id)
CROSS JOIN LATERAL (SELECT f.shipped_at + make_interval(mins => (g.document ->> 'notice_minutes')::integer) AS due_at) AS d
LEFT JOIN ship_notices AS n USING (fulfillment_id)
WHERE o.attributes ->> 'routing_guide' IS NOT NULL AND f.shipped_at >= $4
    AND d.due_at < $3 AND n.fulfillment_id IS NULL AND ($1::text IS NULL OR f.order_id = $1)
ORDER BY d.due_at, f.fulfillment_id
LIMIT $2;
