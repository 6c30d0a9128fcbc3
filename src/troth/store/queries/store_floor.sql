-- name: find_sent_work
-- Finds the work that a node has in some statuses, what was to leave last first, before a position.
SELECT sent.order_id, sent.fulfillment_id
FROM unnest($2::text[]) AS s (status)
CROSS JOIN LATERAL (
    SELECT order_id, fulfillment_id, ship_by FROM fulfillments
    WHERE node = $1 AND status = s.status AND ($3::timestamptz IS NULL OR (ship_by, fulfillment_id) < ($3, $4::text))
    ORDER BY ship_by DESC, fulfillment_id DESC LIMIT $5
) AS sent
ORDER BY sent.ship_by DESC, sent.fulfillment_id DESC LIMIT $5;

-- name: find_floor_tasks
-- Finds the work that a node has in some statuses, and what was sent to it and stands in others, the most urgent first, with what a list shows of it: whole orders would cost ten times as much.
SELECT
    f.order_id, f.fulfillment_id, f.node, f.via, f.status, f.method, f.ship_by, f.promised_at, f.staging, o.external_id, o.customer_name,
    coalesce(u.units, 0)::bigint AS units, coalesce(u.to_pick, '{}') AS to_pick, p.document AS pickup,
    f.booking #>> '{stay,locker}' IS NOT NULL AS is_for_locker,
    NOT EXISTS (SELECT FROM json_array_elements(f.packages) AS k WHERE k.value ->> 'received_at' IS NULL) AS is_here,
    EXISTS (
        SELECT FROM recalls AS r
        WHERE r.order_id = f.order_id AND r.fulfillment_id = f.fulfillment_id AND r.state = 'requested'
    ) AS is_asked_back,
    coalesce(
        (
            SELECT coalesce(nullif(w.owner, ''), 'somebody') FROM predictions AS w
            WHERE w.order_id = f.order_id AND w.fulfillment_id = f.fulfillment_id AND w.called_at IS NOT NULL
        ),
        ''
    ) AS escalated_to
FROM (
    (
        SELECT own.*
        FROM unnest($2::text[]) AS s (status)
        CROSS JOIN LATERAL (
            SELECT order_id, fulfillment_id, node, via, status, method, ship_by, promised_at, staging, packages, booking FROM fulfillments
            WHERE node = $1 AND status = s.status ORDER BY ship_by, fulfillment_id LIMIT $4
        ) AS own
    )
    UNION ALL
    (
        SELECT arrived.*
        FROM unnest($3::text[]) AS s (status)
        CROSS JOIN LATERAL (
            SELECT order_id, fulfillment_id, node, via, status, method, ship_by, promised_at, staging, packages, booking FROM fulfillments
            WHERE via = $1 AND status = s.status ORDER BY ship_by, fulfillment_id LIMIT $4
        ) AS arrived
    )
) AS f
JOIN orders AS o ON o.order_id = f.order_id
LEFT JOIN pickups AS p ON p.order_id = f.order_id AND p.fulfillment_id = f.fulfillment_id
LEFT JOIN LATERAL (
    SELECT
        sum(ceil(a.quantity / power(10, coalesce((l.terms ->> 'decimals')::integer, 0)))) AS units,
        array_agg(DISTINCT a.sku) FILTER (WHERE a.state = ANY($6::text[])) AS to_pick
    FROM allocations AS a JOIN order_lines AS l ON l.order_id = a.order_id AND l.line_id = a.line_id
    WHERE a.order_id = f.order_id AND a.fulfillment_id = f.fulfillment_id AND a.state <> ALL($5::text[])
) AS u ON true
ORDER BY f.ship_by, f.fulfillment_id
LIMIT $4;

-- name: find_arrivals
-- Finds the work that was sent to a node to be collected there and that is in some statuses, the most urgent first.
SELECT order_id, fulfillment_id FROM fulfillments
WHERE via = $1 AND status = ANY($2::text[])
ORDER BY ship_by, fulfillment_id LIMIT $3;

-- name: find_in_locker
-- Finds the work in some statuses that lies in a locker, or is to be laid there, the most urgent first.
SELECT order_id, fulfillment_id FROM fulfillments
WHERE booking #>> '{stay,locker}' = $1 AND status = ANY($2::text[])
ORDER BY ship_by, fulfillment_id LIMIT $3;

-- name: find_touched_nodes
-- Finds the nodes that have work of some orders, or to which it is sent first.
SELECT DISTINCT unnest(CASE WHEN via IS NULL THEN ARRAY[node] ELSE ARRAY[node, via] END) AS node
FROM fulfillments WHERE order_id = ANY($1::text[]);

-- name: sum_units_off_shelf
-- Sums the units of a SKU that a node has taken off the shelf for its open work and that have not left.
SELECT coalesce(sum(a.quantity), 0)::bigint AS units
FROM fulfillments AS f
JOIN allocations AS a ON a.order_id = f.order_id AND a.fulfillment_id = f.fulfillment_id
WHERE f.node = $1 AND f.status IN ('released', 'accepted', 'picked', 'packed', 'ready')
    AND a.sku = $2 AND a.state IN ('picked', 'packed', 'ready');
