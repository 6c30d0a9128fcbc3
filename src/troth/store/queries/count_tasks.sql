-- name: find_missed_positions
-- Finds positions of some nodes (null: of all) where units were missed, the latest first.
SELECT sku, node FROM position_records
WHERE missed > 0 AND ($1::text[] IS NULL OR node = ANY($1))
ORDER BY as_of DESC, sku, node LIMIT $2;

-- name: find_dear_positions
-- Finds the positions of some nodes whose free units are worth most, over all their lots.
SELECT b.sku, b.node
FROM balances AS b JOIN items AS i USING (sku)
WHERE b.node = ANY($1::text[]) AND (b.source = 'on_hand' OR b.source LIKE 'lot/%') AND b.on_hand > b.reserved
GROUP BY b.sku, b.node
ORDER BY
    sum((b.on_hand - b.reserved) * coalesce((i.document ->> 'price_minor')::bigint, 0) / power(10::numeric, coalesce((i.document ->> 'decimals')::integer, 0))) DESC,
    b.sku, b.node LIMIT $2;

-- name: find_positions_asked_lately
-- Finds the positions of some nodes (null: of all) that are asked for by the newest entries of the ledger.
SELECT DISTINCT sku, node
FROM (SELECT sku, node, source, kind FROM entries ORDER BY xid DESC, seq DESC LIMIT $2) AS newest
WHERE kind = 'pending' AND (source = 'on_hand' OR source LIKE 'lot/%') AND ($1::text[] IS NULL OR node = ANY($1));

-- name: read_count_candidates
-- Reads what must be known of positions to decide about counting them, where they hold anything on hand, by lots or by none.
SELECT
    k.sku, k.node, i.name, i.category, b.on_hand, b.reserved, b.lots, b.lot_units,
    coalesce((i.document ->> 'price_minor')::bigint, 0) - coalesce((i.document ->> 'cost_minor')::bigint, 0) AS margin_minor,
    coalesce(e.units, 0)::bigint AS asked_units,
    coalesce((i.document ->> 'decimals')::integer, 0) AS decimals, coalesce(i.document ->> 'unit', 'each') AS unit,
    r.sku IS NOT NULL AS has_record, r.as_of, r.found, r.missed, r.moved, r.counted_at, r.variance, r.missed_at, r.missed_units,
    r.missed_by
FROM unnest($1::text[], $2::text[]) AS k (sku, node)
JOIN LATERAL (
    SELECT
        sum(on_hand)::bigint AS on_hand, sum(reserved)::bigint AS reserved,
        coalesce(array_agg(substr(source, 5) ORDER BY source) FILTER (WHERE source LIKE 'lot/%'), '{}') AS lots,
        coalesce(array_agg(on_hand ORDER BY source) FILTER (WHERE source LIKE 'lot/%'), '{}') AS lot_units
    FROM balances
    WHERE sku = k.sku AND node = k.node AND (source = 'on_hand' OR source LIKE 'lot/%') AND on_hand > 0
) AS b ON b.on_hand > 0
JOIN items AS i ON i.sku = k.sku
LEFT JOIN position_records AS r ON r.sku = k.sku AND r.node = k.node
LEFT JOIN LATERAL (
    SELECT sum(reserved_delta) AS units FROM entries
    WHERE sku = k.sku AND node = k.node AND at >= $3 AND kind = 'pending' AND (source = 'on_hand' OR source LIKE 'lot/%')
) AS e ON true;
