-- name: load_new_balances
-- Creates those of some supplies on hand that do not exist yet, holding what is given, and writes that into the ledger.
-- Gives how many were created, and how many units they hold in total.
WITH created AS (
    INSERT INTO balances (sku, node, source, on_hand, reserved, deficit)
    SELECT sku, node, 'on_hand', on_hand, 0, 0
    FROM unnest($2::text[], $3::text[], $4::bigint[]) AS g (sku, node, on_hand)
    ORDER BY sku, node
    ON CONFLICT DO NOTHING
    RETURNING sku, node, source, on_hand
),
written AS (
    INSERT INTO entries (sku, node, source, at, kind, on_hand_delta, reserved_delta, reason, reference)
    SELECT sku, node, source, $1, 'count', on_hand, 0, $5, $6 FROM created WHERE on_hand <> 0
)
SELECT count(*) AS moved, coalesce(sum(on_hand), 0)::bigint AS units FROM created;

-- name: load_balances
-- Sets how many units some supplies on hand hold, locking in sorted order those that hold others, and writes that into the ledger.
-- The supplies exist already; gives how many changed, and by how many units in total.
WITH given AS (
    SELECT sku, node, on_hand FROM unnest($2::text[], $3::text[], $4::bigint[]) AS g (sku, node, on_hand)
),
locked AS MATERIALIZED (
    SELECT b.sku, b.node, b.source, b.on_hand AS found, g.on_hand AS wanted
    FROM balances AS b JOIN given AS g USING (sku, node)
    WHERE b.source = 'on_hand' AND b.on_hand <> g.on_hand
    ORDER BY b.sku, b.node, b.source
    FOR UPDATE OF b
),
moved AS (
    UPDATE balances AS b
    SET on_hand = l.wanted, deficit = greatest(0, b.reserved - l.wanted)
    FROM locked AS l
    WHERE b.sku = l.sku AND b.node = l.node AND b.source = l.source
    RETURNING b.sku, b.node, b.source, l.wanted - l.found AS delta
),
written AS (
    INSERT INTO entries (sku, node, source, at, kind, on_hand_delta, reserved_delta, reason, reference)
    SELECT sku, node, source, $1, 'count', delta, 0, $5, $6 FROM moved
)
SELECT count(*) AS moved, coalesce(sum(delta), 0)::bigint AS units FROM moved;

-- name: find_unknown_skus
-- Finds those of some SKUs that no item has which is sold by the piece.
SELECT k.sku FROM unnest($1::text[]) AS k (sku)
WHERE NOT EXISTS (
    SELECT FROM items AS i WHERE i.sku = k.sku AND coalesce((i.document ->> 'decimals')::integer, 0) = 0
)
ORDER BY k.sku;

-- name: find_unknown_nodes
-- Finds those of some node ids that no node has.
SELECT k.node FROM unnest($1::text[]) AS k (node) WHERE NOT EXISTS (SELECT FROM nodes AS n WHERE n.node = k.node) ORDER BY k.node;
