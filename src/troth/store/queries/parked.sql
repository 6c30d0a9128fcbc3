-- name: delete_parked
-- Deletes what of some orders is parked.
DELETE FROM parked WHERE order_id = ANY($1::text[]);

-- name: write_parked
-- Writes lines of orders that are parked.
INSERT INTO parked (order_id, line_id, skus, reason, since, is_waiting, until, promised_at, is_sought, looked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: find_parked_orders
-- Finds orders with parked lines that units of any of some SKUs could cover.
SELECT DISTINCT order_id FROM parked WHERE skus && $1::text[] ORDER BY order_id LIMIT $2;

-- name: find_unlooked_orders
-- Finds orders with parked lines that nobody has tried to cover since an instant, the longest ago first.
SELECT order_id FROM parked WHERE looked_at < $1 GROUP BY order_id ORDER BY min(looked_at), order_id LIMIT $2;

-- name: mark_looked
-- Records when it was last tried to cover the parked lines of some orders.
UPDATE parked SET looked_at = $2 WHERE order_id = ANY($1::text[]);

-- name: find_exceptions
-- Finds a page of parked lines for which a person is called, the longest first, after the position given; a filter that is null is no filter.
SELECT p.order_id, p.line_id, p.since
FROM parked AS p JOIN orders AS o USING (order_id)
WHERE NOT p.is_waiting
    AND ($1::text IS NULL OR o.customer_id = $1)
    AND ($2::text IS NULL OR EXISTS (SELECT FROM fulfillments AS f WHERE f.order_id = p.order_id AND f.node = $2))
    AND ($3::timestamptz IS NULL OR (p.since, p.order_id, p.line_id) > ($3, $4::text, $5::text))
ORDER BY p.since, p.order_id, p.line_id
LIMIT $6;
