-- name: find_arrivals
-- Finds the work that was sent to a node to be collected there and that is in some statuses, the most urgent first.
SELECT order_id, fulfillment_id FROM fulfillments
WHERE via = $1 AND status = ANY($2::text[])
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
