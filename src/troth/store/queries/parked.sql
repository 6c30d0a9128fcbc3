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

-- name: count_waiting
-- Counts the orders but one that have parked lines which units of each of some SKUs could cover.
SELECT s.sku, count(DISTINCT p.order_id) AS orders
FROM unnest($1::text[]) AS s (sku) JOIN parked AS p ON p.skus @> ARRAY[s.sku]
WHERE p.order_id <> $2
GROUP BY s.sku;
