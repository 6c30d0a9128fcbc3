-- name: find_positions
-- Finds a page of positions, one for each SKU and node, of some SKUs and at a node (null: any), after the one given.
SELECT
    sku,
    node,
    coalesce(sum(on_hand) FILTER (WHERE source = 'on_hand' OR starts_with(source, 'lot/')), 0)::bigint AS on_hand,
    coalesce(sum(reserved) FILTER (WHERE source = 'on_hand' OR starts_with(source, 'lot/')), 0)::bigint AS reserved,
    coalesce(sum(on_hand) FILTER (WHERE source <> 'on_hand' AND NOT starts_with(source, 'lot/') AND NOT starts_with(source, 'apart/')), 0)::bigint AS incoming,
    coalesce(sum(reserved) FILTER (WHERE source <> 'on_hand' AND NOT starts_with(source, 'lot/') AND NOT starts_with(source, 'apart/')), 0)::bigint AS incoming_reserved,
    array_agg(DISTINCT expected_at) FILTER (WHERE expected_at IS NOT NULL AND NOT starts_with(source, 'apart/') AND on_hand > 0) AS incoming_at
FROM balances
WHERE ($1::text[] IS NULL OR sku = ANY($1))
    AND ($2::text[] IS NULL OR node = ANY($2))
    AND ($3::text IS NULL OR (sku, node) > ($3, $4::text))
GROUP BY sku, node
ORDER BY sku, node
LIMIT $5;

-- name: read_lots
-- Reads the lots of some SKUs at some nodes, aligned, that hold or have reserved anything; the first to expire first.
SELECT b.sku, b.node, b.source, b.on_hand, b.reserved, b.deficit, b.expected_at, b.expires_on
FROM balances AS b JOIN unnest($1::text[], $2::text[]) AS k (sku, node) USING (sku, node)
WHERE starts_with(b.source, 'lot/') AND (b.on_hand > 0 OR b.reserved > 0)
ORDER BY b.sku, b.node, b.expires_on NULLS LAST, b.source;

-- name: find_stocked_skus
-- Finds the first SKUs of which any node has units.
SELECT i.sku FROM items AS i
WHERE EXISTS (SELECT FROM balances AS b WHERE b.sku = i.sku AND b.on_hand > 0)
ORDER BY i.sku LIMIT $1;

-- name: find_kits
-- Finds the first items that are kits.
SELECT sku FROM items WHERE coalesce(json_array_length(document -> 'kit'), 0) > 0 ORDER BY sku LIMIT $1;

-- name: find_positions_as_of
-- Finds a page of positions as they were after all entries up to an instant: what is there now, less what moved since.
WITH page AS (
    SELECT sku, node FROM balances
    WHERE ($1::text[] IS NULL OR sku = ANY($1))
        AND ($2::text[] IS NULL OR node = ANY($2))
        AND ($3::text IS NULL OR (sku, node) > ($3, $4::text))
    GROUP BY sku, node
    ORDER BY sku, node
    LIMIT $5
),
past AS (
    SELECT
        b.sku, b.node, b.source, b.expected_at,
        b.on_hand - coalesce(sum(e.on_hand_delta), 0)::bigint AS on_hand,
        b.reserved - coalesce(sum(e.reserved_delta), 0)::bigint AS reserved
    FROM page JOIN balances AS b USING (sku, node)
    LEFT JOIN entries AS e ON e.sku = b.sku AND e.node = b.node AND e.source = b.source AND e.at > $6
    GROUP BY b.sku, b.node, b.source
)
SELECT
    sku,
    node,
    coalesce(sum(on_hand) FILTER (WHERE source = 'on_hand' OR starts_with(source, 'lot/')), 0)::bigint AS on_hand,
    coalesce(sum(reserved) FILTER (WHERE source = 'on_hand' OR starts_with(source, 'lot/')), 0)::bigint AS reserved,
    coalesce(sum(on_hand) FILTER (WHERE source <> 'on_hand' AND NOT starts_with(source, 'lot/') AND NOT starts_with(source, 'apart/')), 0)::bigint AS incoming,
    coalesce(sum(reserved) FILTER (WHERE source <> 'on_hand' AND NOT starts_with(source, 'lot/') AND NOT starts_with(source, 'apart/')), 0)::bigint AS incoming_reserved,
    array_agg(DISTINCT expected_at) FILTER (WHERE expected_at IS NOT NULL AND NOT starts_with(source, 'apart/') AND on_hand > 0) AS incoming_at
FROM past
GROUP BY sku, node
ORDER BY sku, node;

-- name: read_ledger
-- Reads the newest entries of a SKU at a node before a position (null: from the end), with what the supply held after each.
WITH page AS (
    SELECT at, seq, source, kind, on_hand_delta, reserved_delta, order_id, allocation, reason, reference
    FROM entries
    WHERE sku = $1 AND node = $2 AND ($3::timestamptz IS NULL OR (at, seq) < ($3, $4::bigint))
    ORDER BY at DESC, seq DESC
    LIMIT $5
),
newer AS (
    SELECT source, sum(on_hand_delta) AS on_hand, sum(reserved_delta) AS reserved
    FROM entries
    WHERE sku = $1 AND node = $2 AND (at, seq) >= ($3::timestamptz, $4::bigint)
    GROUP BY source
)
SELECT
    p.at,
    p.seq,
    p.source,
    p.kind,
    p.on_hand_delta,
    p.reserved_delta,
    p.order_id,
    p.allocation,
    p.reason,
    p.reference,
    (b.on_hand - coalesce(n.on_hand, 0) - coalesce(sum(p.on_hand_delta) OVER later, 0))::bigint AS on_hand,
    (b.reserved - coalesce(n.reserved, 0) - coalesce(sum(p.reserved_delta) OVER later, 0))::bigint AS reserved
FROM page AS p
JOIN balances AS b ON b.sku = $1 AND b.node = $2 AND b.source = p.source
LEFT JOIN newer AS n ON n.source = p.source
WINDOW later AS (
    PARTITION BY p.source ORDER BY p.at DESC, p.seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
)
ORDER BY p.at DESC, p.seq DESC;

-- name: read_supplies_of_purchase_order
-- Reads what is still expected of the lines of a purchase order, and how much of that is reserved.
SELECT sku, node, source, on_hand, reserved, expected_at FROM balances
WHERE sku = ANY($1::text[]) AND starts_with(source, $2)
ORDER BY sku, node, source;

-- name: lock_purchase_order
-- Lets one at a time set a purchase order, also one that is not there yet; freed when the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended($1, 7308332127834765));
