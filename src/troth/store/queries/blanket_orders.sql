-- name: read_blanket_order
-- Reads one blanket order.
SELECT blanket_id, version, document FROM blanket_orders WHERE blanket_id = $1;

-- name: find_blanket_orders
-- Finds a page of blanket orders of a customer (null: any), after the one given.
SELECT blanket_id, version, document FROM blanket_orders
WHERE ($1::text IS NULL OR customer_id = $1)
    AND ($2::text[] IS NULL OR customer_id = ANY($2))
    AND ($3::text IS NULL OR blanket_id > $3)
ORDER BY blanket_id LIMIT $4;

-- name: write_blanket_order
-- Creates or replaces a blanket order.
INSERT INTO blanket_orders AS b (blanket_id, version, customer_id, document, changed_at) VALUES ($1, 1, $2, $3, $4)
ON CONFLICT (blanket_id) DO UPDATE
SET version = b.version + 1, customer_id = excluded.customer_id, document = excluded.document,
    changed_at = excluded.changed_at
RETURNING version;

-- name: lock_blanket_orders
-- Keeps others from calling off from these blanket orders meanwhile, in sorted order.
SELECT blanket_id FROM blanket_orders WHERE blanket_id = ANY($1::text[]) ORDER BY blanket_id FOR UPDATE;

-- name: read_blanket_orders
-- Reads some blanket orders.
SELECT blanket_id, version, document FROM blanket_orders WHERE blanket_id = ANY($1::text[]) ORDER BY blanket_id;

-- name: read_called
-- Reads what was called off of some blanket orders, by item.
SELECT blanket_id, sku, sum(quantity)::bigint AS quantity, sum(amount_minor)::bigint AS amount_minor,
    max(called_at) AS last_at
FROM call_offs WHERE blanket_id = ANY($1::text[]) GROUP BY blanket_id, sku ORDER BY blanket_id, sku;

-- name: read_call_offs
-- Reads the orders that call off from a blanket order, the newest first.
SELECT order_id, sku, quantity, amount_minor, called_at FROM call_offs
WHERE blanket_id = $1 ORDER BY called_at DESC, order_id, sku LIMIT $2;

-- name: write_call_offs
-- Writes what orders take of blanket orders, new or changed; when they were made stays.
INSERT INTO call_offs AS c (blanket_id, order_id, sku, quantity, amount_minor, called_at)
SELECT blanket_id, order_id, sku, quantity, amount_minor, $6
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
    AS t (blanket_id, order_id, sku, quantity, amount_minor)
ON CONFLICT (blanket_id, order_id, sku) DO UPDATE
SET quantity = excluded.quantity, amount_minor = excluded.amount_minor;
