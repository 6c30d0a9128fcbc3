-- name: plan_afresh
-- Has each statement of this transaction planned for its own arguments, so that a filter that is null costs nothing.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: count_orders_up_to
-- Counts the orders of each status, no further than a limit: what lies above it is not looked at.
SELECT s.status, count(o.status) AS orders
FROM unnest($1::text[]) AS s (status)
LEFT JOIN LATERAL (SELECT status FROM orders WHERE status = s.status LIMIT $2) AS o ON true
GROUP BY s.status;

-- name: count_orders_by_hour
-- Counts the orders captured in each hour from an instant on; hours without any are left out.
SELECT date_trunc('hour', captured_at) AS hour, count(*) AS orders
FROM orders WHERE captured_at >= $1 GROUP BY hour ORDER BY hour;

-- name: count_newer_orders
-- Counts the orders captured after a position, no further than a limit.
SELECT count(*) FROM (SELECT FROM orders WHERE (captured_at, order_id) > ($1, $2::text) LIMIT $3) AS newer;

-- name: find_order_rows
-- Finds a page of orders as a list shows them, newest first, after the position given, promised while all of them lies somewhere; a filter that is null is no filter.
SELECT
    o.order_id,
    o.channel,
    o.external_id,
    o.status,
    o.customer_name,
    o.customer_id,
    o.currency,
    o.total_minor,
    o.captured_at,
    CASE WHEN NOT EXISTS (SELECT FROM parked AS p WHERE p.order_id = o.order_id) THEN o.promised_at END AS promised_at,
    o.method,
    l.lines,
    l.units,
    ARRAY(
        SELECT DISTINCT f.node FROM fulfillments AS f
        WHERE f.order_id = o.order_id AND f.status NOT IN ('canceled', 'rejected', 'short') ORDER BY f.node
    ) AS nodes
FROM orders AS o
CROSS JOIN LATERAL (
    SELECT count(*) AS lines, coalesce(sum(quantity - canceled_quantity), 0)::bigint AS units
    FROM order_lines WHERE order_id = o.order_id
) AS l
WHERE ($1::text[] IS NULL OR o.order_id = ANY($1))
    AND ($2::text[] IS NULL OR o.status = ANY($2))
    AND ($3::text IS NULL OR o.channel = $3)
    AND ($4::text IS NULL OR $9::text[] IS NOT NULL OR EXISTS (SELECT FROM fulfillments AS f WHERE f.order_id = o.order_id AND f.node = $4))
    AND ($5::text IS NULL OR $9::text[] IS NOT NULL OR EXISTS (SELECT FROM order_lines AS w WHERE w.order_id = o.order_id AND w.sku = $5))
    AND ($9::text[] IS NULL OR EXISTS (
        SELECT FROM allocations AS a
        WHERE a.order_id = o.order_id AND a.state = ANY($9)
            AND ($4 IS NULL OR a.node = $4) AND ($5 IS NULL OR a.sku = $5)
    ))
    AND ($6::timestamptz IS NULL OR (o.captured_at, o.order_id) < ($6, $7::text))
ORDER BY o.captured_at DESC, o.order_id DESC
LIMIT $8;

-- name: search_orders
-- Finds the orders that a text names, by each way that an index knows, and names in the newest orders; each no further than a limit.
(SELECT order_id FROM orders WHERE order_id = upper($1::text))
UNION
(SELECT order_id FROM orders WHERE external_id LIKE $2::text || '%' LIMIT $3)
UNION
(SELECT order_id FROM orders WHERE customer_id = $1 AND customer_id <> '' ORDER BY captured_at DESC LIMIT $3)
UNION
(SELECT order_id FROM orders WHERE lower(customer_email) LIKE lower($2) || '%' AND customer_email <> '' LIMIT $3)
UNION
(SELECT order_id FROM fulfillments WHERE tracking_numbers @> ARRAY[$1] AND tracking_numbers <> '{}' LIMIT $3)
UNION
(SELECT order_id FROM order_lines WHERE sku = $1 LIMIT $3)
UNION
(
    SELECT order_id
    FROM (SELECT order_id, customer_name FROM orders ORDER BY captured_at DESC, order_id DESC LIMIT $4) AS newest
    WHERE lower(customer_name) LIKE '%' || lower($2) || '%'
    LIMIT $3
);

-- name: count_overdue
-- Counts the orders for which the clock had something to do by an instant, no further than a limit, and says since when.
SELECT count(*) AS orders, min(due_at) AS since
FROM (SELECT due_at FROM orders WHERE due_at <= $1 ORDER BY due_at LIMIT $2) AS due;

-- name: find_channels
-- Finds the channels of the newest orders.
SELECT DISTINCT channel FROM (SELECT channel FROM orders ORDER BY captured_at DESC, order_id DESC LIMIT $1) AS newest ORDER BY channel;

-- name: find_work
-- Finds a page of the work of all nodes in some statuses, most urgent first, after the position given; each status by itself.
SELECT f.order_id, f.fulfillment_id, f.ship_by
FROM unnest($1::text[]) AS s (status)
CROSS JOIN LATERAL (
    SELECT order_id, fulfillment_id, ship_by FROM fulfillments
    WHERE status = s.status
        AND status IN ('released', 'accepted', 'picked', 'packed', 'ready', 'shipped', 'uncollected', 'unclaimed')
        AND ($2::timestamptz IS NULL OR (ship_by, fulfillment_id) > ($2, $3::text))
    ORDER BY ship_by, fulfillment_id LIMIT $4
) AS f
ORDER BY f.ship_by, f.fulfillment_id
LIMIT $4;

-- name: find_work_of_node
-- Finds a page of the work of one node in some statuses, most urgent first, after the position given; each status by itself.
SELECT f.order_id, f.fulfillment_id, f.ship_by
FROM unnest($2::text[]) AS s (status)
CROSS JOIN LATERAL (
    SELECT order_id, fulfillment_id, ship_by FROM fulfillments
    WHERE node = $1 AND status = s.status
        AND ($3::timestamptz IS NULL OR (ship_by, fulfillment_id) > ($3, $4::text))
    ORDER BY ship_by, fulfillment_id LIMIT $5
) AS f
ORDER BY f.ship_by, f.fulfillment_id
LIMIT $5;

-- name: count_work
-- Counts the work of a node (null: of all) in each of some statuses, no further than a limit.
SELECT s.status, count(f.status) AS fulfillments
FROM unnest($1::text[]) AS s (status)
LEFT JOIN LATERAL (
    (
        SELECT status FROM fulfillments
        WHERE $2::text IS NULL AND status = s.status
            AND status IN ('released', 'accepted', 'picked', 'packed', 'ready', 'shipped', 'uncollected', 'unclaimed')
        LIMIT $3
    )
    UNION ALL
    (SELECT status FROM fulfillments WHERE node = $2 AND status = s.status LIMIT $3)
) AS f ON true
GROUP BY s.status;

-- name: read_supplies_of_sku
-- Reads every supply of a SKU.
SELECT sku, node, source, on_hand, reserved, deficit, expected_at, expires_on FROM balances WHERE sku = $1 ORDER BY node, source;

-- name: read_supplies_at
-- Reads every supply of a SKU at a node.
SELECT sku, node, source, on_hand, reserved, deficit, expected_at, expires_on FROM balances WHERE sku = $1 AND node = $2 ORDER BY source;

-- name: find_supplies_of_node
-- Finds a page of the supplies of a node by SKU, after the position given.
SELECT sku, node, source, on_hand, reserved, deficit, expected_at, expires_on FROM balances
WHERE node = $1 AND ($2::text IS NULL OR (sku, source) > ($2, $3::text))
ORDER BY sku, source LIMIT $4;

-- name: sum_balances
-- Sums the supplies of some SKUs over all nodes: on hand, reserved of that, what is free of it, and what is still to come.
SELECT
    sku,
    coalesce(sum(on_hand) FILTER (WHERE source = 'on_hand' OR starts_with(source, 'lot/')), 0)::bigint AS on_hand,
    coalesce(sum(reserved) FILTER (WHERE source = 'on_hand' OR starts_with(source, 'lot/')), 0)::bigint AS reserved,
    coalesce(sum(greatest(on_hand - reserved, 0)) FILTER (WHERE source = 'on_hand' OR starts_with(source, 'lot/')), 0)::bigint AS available,
    coalesce(sum(on_hand) FILTER (WHERE source <> 'on_hand' AND NOT starts_with(source, 'lot/') AND NOT starts_with(source, 'apart/')), 0)::bigint AS incoming,
    count(*) FILTER (WHERE (source = 'on_hand' OR starts_with(source, 'lot/')) AND on_hand > 0) AS nodes
FROM balances WHERE sku = ANY($1::text[]) GROUP BY sku;

-- name: read_heads_after
-- Reads which subjects had an event after a position, in order, only of transactions before which every other has ended.
SELECT subject, at, xid, seq, kind
FROM events
WHERE (xid, seq) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, seq LIMIT $3;
