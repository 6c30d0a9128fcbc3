-- name: read_stock_on_hand
-- Reads every supply of some SKUs that may be sold, a row a SKU in sorted order where all of it lies on hand; of other SKUs there are no nodes.
SELECT
    sku,
    CASE WHEN bool_and(source = 'on_hand') THEN array_agg(node) END AS nodes,
    array_send(array_agg(on_hand)) AS on_hand,
    array_send(array_agg(reserved)) AS reserved
FROM (
    SELECT sku, node, source, on_hand, reserved FROM balances
    WHERE sku = ANY($1::text[]) AND NOT starts_with(source, 'apart/')
    ORDER BY sku, node, source
) AS sorted
GROUP BY sku;

-- name: read_stock
-- Reads every supply of some SKUs that may be sold, a row a SKU, its supplies in sorted order.
SELECT
    sku,
    array_agg(node ORDER BY node, source) AS nodes,
    array_agg(source ORDER BY node, source) AS sources,
    array_agg(on_hand ORDER BY node, source) AS on_hand,
    array_agg(reserved ORDER BY node, source) AS reserved,
    array_agg(expected_at ORDER BY node, source) AS expected_at,
    CASE WHEN count(expires_on) > 0 THEN array_agg(expires_on ORDER BY node, source) END AS expires_on
FROM balances WHERE sku = ANY($1::text[]) AND NOT starts_with(source, 'apart/')
GROUP BY sku;

-- name: lock_stock
-- Locks every supply of some SKUs that may be sold, in sorted order, and reads them as they now are, a row a SKU.
WITH locked AS MATERIALIZED (
    SELECT sku, node, source, on_hand, reserved, expected_at, expires_on FROM balances
    WHERE sku = ANY($1::text[]) AND NOT starts_with(source, 'apart/')
    ORDER BY sku, node, source
    FOR UPDATE
)
SELECT
    sku,
    array_agg(node ORDER BY node, source) AS nodes,
    array_agg(source ORDER BY node, source) AS sources,
    array_agg(on_hand ORDER BY node, source) AS on_hand,
    array_agg(reserved ORDER BY node, source) AS reserved,
    array_agg(expected_at ORDER BY node, source) AS expected_at,
    CASE WHEN count(expires_on) > 0 THEN array_agg(expires_on ORDER BY node, source) END AS expires_on
FROM locked
GROUP BY sku;

-- name: find_balances
-- Finds a page of supplies by SKU and node (null: any), after the position given.
SELECT sku, node, source, on_hand, reserved, deficit, expected_at, expires_on FROM balances
WHERE ($1::text[] IS NULL OR sku = ANY($1))
    AND ($2::text IS NULL OR node = $2)
    AND ($3::text IS NULL OR (sku, node, source) > ($3, $4::text, $5::text))
ORDER BY sku, node, source
LIMIT $6;

-- name: lock_supplies
-- Locks single supplies, in sorted order, and reads them as they now are.
SELECT b.sku, b.node, b.source, b.on_hand, b.reserved, b.deficit, b.expected_at, b.expires_on
FROM balances AS b JOIN unnest($1::text[], $2::text[], $3::text[]) AS k (sku, node, source) USING (sku, node, source)
ORDER BY b.sku, b.node, b.source
FOR UPDATE OF b;

-- name: create_balances
-- Creates the supplies that do not exist yet, empty.
INSERT INTO balances (sku, node, source, on_hand, reserved, deficit)
SELECT sku, node, source, 0, 0, 0 FROM unnest($1::text[], $2::text[], $3::text[]) AS k (sku, node, source)
ORDER BY sku, node, source
ON CONFLICT DO NOTHING;

-- name: write_expiries
-- Says of some lots until when they are good.
UPDATE balances AS b SET expires_on = k.expires_on
FROM unnest($1::text[], $2::text[], $3::text[], $4::date[]) AS k (sku, node, source, expires_on)
WHERE b.sku = k.sku AND b.node = k.node AND b.source = k.source;

-- name: find_lots
-- Finds a page of the lots that hold anything and stop being good before a day, at some nodes (null: any), the first to expire first.
SELECT sku, node, source, on_hand, reserved, deficit, expected_at, expires_on FROM balances
WHERE expires_on < $1 AND on_hand > 0 AND starts_with(source, 'lot/')
    AND ($2::text[] IS NULL OR node = ANY($2))
    AND ($3::date IS NULL OR (expires_on, node, sku, source) > ($3, $4::text, $5::text, $6::text))
ORDER BY expires_on, node, sku, source
LIMIT $7;

-- name: read_moves_since
-- Reads by how many units each of some supplies moved on hand after an instant; a count moves books, not units.
SELECT k.position, coalesce(sum(e.on_hand_delta), 0)::bigint AS units
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) WITH ORDINALITY AS k (sku, node, source, as_of, position)
LEFT JOIN entries AS e ON e.sku = k.sku AND e.node = k.node AND e.source = k.source AND e.at > k.as_of
    AND e.kind <> 'count'
GROUP BY k.position
ORDER BY k.position;

-- name: read_ordered
-- Reads to how many units each of some purchase order lines was set.
SELECT k.position, coalesce(sum(e.on_hand_delta), 0)::bigint AS units
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (sku, node, source, position)
LEFT JOIN entries AS e ON e.sku = k.sku AND e.node = k.node AND e.source = k.source AND e.kind = 'expect'
GROUP BY k.position
ORDER BY k.position;

-- name: find_moved_balances
-- Finds the supplies that may be sold and were moved by transactions which a snapshot did not see, as they now are: those that were under way then, and all that began since.
-- Both ends of the range, the array and the look-ups one by one (OFFSET 0) keep to the indexes whatever is known of the tables' sizes.
SELECT b.sku, b.node, b.source, b.on_hand, b.reserved, b.deficit, b.expected_at, b.expires_on
FROM (
    SELECT sku, node, source FROM entries
    WHERE xid >= pg_snapshot_xmax($1::text::pg_snapshot) AND xid < pg_snapshot_xmax(pg_current_snapshot()) AND NOT xid = ANY($2::xid8[])
    UNION
    SELECT sku, node, source FROM entries
    WHERE xid = ANY(ARRAY(SELECT pg_snapshot_xip($1::text::pg_snapshot))) AND NOT xid = ANY($2::xid8[])
) AS moved
CROSS JOIN LATERAL (
    SELECT * FROM balances AS one WHERE (one.sku, one.node, one.source) = (moved.sku, moved.node, moved.source) OFFSET 0
) AS b
WHERE NOT starts_with(b.source, 'apart/');

-- name: read_horizon
-- Reads the position up to which every transaction has ended.
SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid;

-- name: read_snapshot
-- Reads which transactions can be seen now, and the position up to which every transaction has ended.
SELECT pg_current_snapshot()::text AS seen, pg_snapshot_xmin(pg_current_snapshot()) AS horizon;

-- name: read_entries
-- Reads the newest entries of a supply.
SELECT at, kind, on_hand_delta, reserved_delta, order_id, allocation, reason, reference, source
FROM entries WHERE sku = $1 AND node = $2 ORDER BY at DESC, seq DESC LIMIT $3;

-- name: read_keys
-- Reads the idempotency keys that were used already.
SELECT actor, key, request_digest, status, answer FROM idempotency_keys
WHERE (actor, key) IN (SELECT * FROM unnest($1::text[], $2::text[]));

-- name: delete_old_keys
-- Forgets idempotency keys that are older than an instant.
DELETE FROM idempotency_keys WHERE created_at < $1;
