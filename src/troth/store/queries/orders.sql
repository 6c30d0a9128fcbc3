-- name: lock_orders
-- Locks orders, in the order of their ids, so that nobody else decides about them meanwhile; gives their versions.
SELECT order_id, version FROM orders WHERE order_id = ANY($1::text[]) ORDER BY order_id FOR UPDATE;

-- name: read_orders
-- Reads orders whole, each with the rows of all its parts.
SELECT
    o.*,
    ARRAY(SELECT l FROM order_lines AS l WHERE l.order_id = o.order_id ORDER BY l.position) AS lines,
    ARRAY(SELECT a FROM allocations AS a WHERE a.order_id = o.order_id ORDER BY a.allocation) AS allocations,
    ARRAY(
        SELECT f FROM fulfillments AS f WHERE f.order_id = o.order_id ORDER BY length(f.fulfillment_id), f.fulfillment_id
    ) AS fulfillments,
    ARRAY(SELECT p FROM parked AS p WHERE p.order_id = o.order_id) AS parked,
    ARRAY(SELECT r FROM planned_releases AS r WHERE r.order_id = o.order_id ORDER BY r.fulfillment_id COLLATE "C") AS planned,
    ARRAY(SELECT r.body FROM returns AS r WHERE r.order_id = o.order_id ORDER BY r.number) AS returns,
    ARRAY(SELECT c FROM recalls AS c WHERE c.order_id = o.order_id ORDER BY length(c.recall_id), c.recall_id) AS recalls,
    ARRAY(SELECT w FROM pickups AS w WHERE w.order_id = o.order_id ORDER BY length(w.fulfillment_id), w.fulfillment_id) AS pickups,
    ARRAY(SELECT h FROM holds AS h WHERE h.order_id = o.order_id ORDER BY length(h.hold_id), h.hold_id) AS holds
FROM orders AS o
WHERE o.order_id = ANY($1::text[]);

-- name: find_orders
-- Finds a page of orders, newest first, after the position given; every filter that is null is no filter.
SELECT o.order_id, o.captured_at
FROM orders AS o
WHERE ($1::text IS NULL OR o.channel = $1)
    AND ($2::text[] IS NULL OR o.status = ANY($2))
    AND ($3::text IS NULL OR o.customer_id = $3 OR lower(o.customer_email) = lower($3))
    AND ($4::text IS NULL OR $10::text[] IS NOT NULL OR EXISTS (SELECT FROM order_lines AS l WHERE l.order_id = o.order_id AND l.sku = $4))
    AND ($5::text IS NULL OR $10::text[] IS NOT NULL OR EXISTS (SELECT FROM fulfillments AS f WHERE f.order_id = o.order_id AND f.node = $5))
    AND ($10::text[] IS NULL OR EXISTS (
        SELECT FROM allocations AS a
        WHERE a.order_id = o.order_id AND a.state = ANY($10::text[])
            AND ($4 IS NULL OR a.sku = $4) AND ($5 IS NULL OR a.node = $5)
    ))
    AND (
        $6::text IS NULL
        OR o.order_id = upper($6)
        OR o.external_id LIKE $6 || '%'
        OR o.customer_id = $6
        OR lower(o.customer_email) LIKE lower($6) || '%'
        OR lower(o.customer_name) LIKE '%' || lower($6) || '%'
        OR EXISTS (SELECT FROM order_lines AS l WHERE l.order_id = o.order_id AND l.sku = $6)
        OR EXISTS (SELECT FROM fulfillments AS f WHERE f.order_id = o.order_id AND f.tracking_numbers @> ARRAY[$6])
    )
    AND ($7::timestamptz IS NULL OR (o.captured_at, o.order_id) < ($7, $8::text))
ORDER BY o.captured_at DESC, o.order_id DESC
LIMIT $9;

-- name: count_orders
-- Counts the orders of each status.
SELECT status, count(*) AS orders FROM orders GROUP BY status ORDER BY status;

-- name: find_due_orders
-- Finds orders for which the clock has something to do, the longest overdue first.
SELECT order_id FROM orders WHERE due_at <= $1 ORDER BY due_at, order_id LIMIT $2;

-- name: find_orders_pegged
-- Finds the orders that wait for a purchase order's units of a SKU at a node.
SELECT DISTINCT order_id FROM allocations
WHERE source = ANY($1::text[]) AND sku = $2 AND node = $3 AND state = 'backordered';

-- name: find_fulfillments
-- Finds a page of the work of nodes, most urgent first, after the position given; a filter that is null is no filter. What goes via a node is its work, too.
SELECT w.order_id, w.fulfillment_id, w.ship_by
FROM (
    (
        SELECT f.order_id, f.fulfillment_id, f.ship_by
        FROM fulfillments AS f
        WHERE ($1::text IS NULL OR f.node = $1)
            AND ($2::text[] IS NULL OR f.status = ANY($2))
            AND ($3::timestamptz IS NULL OR (f.ship_by, f.fulfillment_id) > ($3, $4::text))
        ORDER BY f.ship_by, f.fulfillment_id
        LIMIT $5
    )
    UNION ALL
    (
        SELECT f.order_id, f.fulfillment_id, f.ship_by
        FROM fulfillments AS f
        WHERE f.via = $1
            AND ($2::text[] IS NULL OR f.status = ANY($2))
            AND ($3::timestamptz IS NULL OR (f.ship_by, f.fulfillment_id) > ($3, $4::text))
        ORDER BY f.ship_by, f.fulfillment_id
        LIMIT $5
    )
) AS w
ORDER BY w.ship_by, w.fulfillment_id
LIMIT $5;

-- name: find_fulfillment_by_tracking
-- Finds the fulfillment whose package bears a tracking number, or is called by it, the newest one first.
SELECT fulfillment_id FROM fulfillments
WHERE tracking_numbers @> ARRAY[$1::text] AND tracking_numbers <> '{}'
ORDER BY shipped_at DESC NULLS LAST LIMIT 1;

-- name: find_orders_called
-- Finds the orders that a channel calls by some names.
SELECT external_id, order_id FROM orders WHERE external_id = ANY($1::text[]) ORDER BY external_id, order_id;

-- name: read_explanations
-- Reads why an order's sources were chosen, newest first.
SELECT version, at, trace FROM explanations WHERE order_id = $1 ORDER BY version DESC;
