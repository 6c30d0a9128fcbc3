-- name: try_repromise
-- Takes the right to promise anew what supply no longer keeps, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834779);

-- name: read_cursor
-- Reads how far a reader of the ledger has come.
SELECT xid, seq FROM cursors WHERE name = $1;

-- name: write_cursor
-- Records how far a reader of the ledger has come.
UPDATE cursors SET xid = $2::xid8, seq = $3 WHERE name = $1;

-- name: find_supply_moves
-- Finds the entries after a position that moved supplies which may be sold other than by orders that take of them, in order, only of transactions before which every other has ended.
SELECT xid, seq, sku, node, source, kind
FROM entries
WHERE (xid, seq) > ($1::xid8, $2::bigint)
    AND xid < pg_snapshot_xmin(pg_current_snapshot())
    AND kind NOT IN ('pending', 'post')
    AND NOT starts_with(source, 'apart/')
ORDER BY xid, seq LIMIT $3;

-- name: read_supplies
-- Reads single supplies as they now are.
SELECT b.sku, b.node, b.source, b.on_hand, b.reserved, b.deficit, b.expected_at, b.expires_on
FROM balances AS b JOIN unnest($1::text[], $2::text[], $3::text[]) AS k (sku, node, source) USING (sku, node, source)
ORDER BY b.sku, b.node, b.source;

-- name: read_reservations
-- Reads a page of the reservations of a supply, the newest first, with the part that each belongs to; only those that still reserve say their units.
SELECT
    e.at, e.seq, e.order_id, e.allocation,
    CASE WHEN e.order_id IS NULL THEN e.reserved_delta * (c.state = 'held')::integer ELSE a.quantity * (a.state = ANY($4::text[]))::integer END AS units
FROM entries AS e
LEFT JOIN allocations AS a ON a.order_id = e.order_id AND a.allocation = e.allocation
LEFT JOIN cart_holds AS c ON e.order_id IS NULL AND c.hold_id = e.reference
WHERE e.sku = $1 AND e.node = $2 AND e.source = $3 AND e.kind = 'pending'
    AND ($5::timestamptz IS NULL OR (e.at, e.seq) < ($5, $6::bigint))
ORDER BY e.at DESC, e.seq DESC LIMIT $7;

-- name: find_missed_backorders
-- Finds orders with backordered parts that should have left before an instant, or whose supply was expected before another one, the last ones first. Parts of dated supply are few, and have an index.
SELECT a.order_id
FROM allocations AS a
JOIN fulfillments AS f USING (order_id, fulfillment_id)
JOIN balances AS b ON b.sku = a.sku AND b.node = a.node AND b.source = a.source
WHERE a.source <> 'on_hand' AND a.state = 'backordered' AND (f.ship_by < $1 OR b.expected_at < $2)
GROUP BY a.order_id
ORDER BY max(f.ship_by) DESC, a.order_id LIMIT $3;

-- name: find_orders_pegged_to
-- Finds the orders with parts that are backordered on some supplies.
SELECT DISTINCT a.order_id
FROM allocations AS a JOIN unnest($1::text[], $2::text[], $3::text[]) AS k (sku, node, source) USING (sku, node, source)
WHERE a.source <> 'on_hand' AND a.state = 'backordered'
ORDER BY a.order_id;

-- name: find_orders_backordered
-- Finds orders that wait at a node for expected units of a SKU.
SELECT DISTINCT order_id FROM allocations
WHERE sku = $1 AND node = $2 AND source <> 'on_hand' AND state = 'backordered'
ORDER BY order_id LIMIT $3;
