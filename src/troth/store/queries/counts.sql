-- name: read_counts
-- Reads the newest counts of some supplies on hand.
SELECT c.sku, c.node, c.source, c.as_of, c.on_hand, c.reference
FROM counts AS c JOIN unnest($1::text[], $2::text[], $3::text[]) AS k (sku, node, source) USING (sku, node, source);

-- name: write_counts
-- Keeps counts as the newest of their supplies, unless a newer one is known.
INSERT INTO counts AS c (sku, node, source, as_of, on_hand, reference, counted_at)
SELECT sku, node, source, as_of, on_hand, reference, $7
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[], $6::text[])
    AS k (sku, node, source, as_of, on_hand, reference)
ORDER BY sku, node, source
ON CONFLICT (sku, node, source) DO UPDATE
SET as_of = excluded.as_of, on_hand = excluded.on_hand, reference = excluded.reference, counted_at = excluded.counted_at
WHERE c.as_of <= excluded.as_of;

-- name: find_variances
-- Finds a page of what counts found more or less than the books, newest first, of a node, SKU and time (null: any), before a position.
SELECT at, seq, sku, node, on_hand_delta, reason, reference
FROM entries
WHERE kind = 'count' AND on_hand_delta <> 0
    AND ($1::text IS NULL OR node = $1)
    AND ($2::text IS NULL OR sku = $2)
    AND ($3::timestamptz IS NULL OR at >= $3)
    AND ($4::timestamptz IS NULL OR (at, seq) < ($4, $5::bigint))
ORDER BY at DESC, seq DESC LIMIT $6;

-- name: sum_variances
-- Sums by reason and measure what counts found more and less than the books, of a node, SKU and time (null: any), in units and in minor units at cost, as many times as so many decimals say.
SELECT
    e.reason,
    coalesce(i.document ->> 'unit', 'each') AS unit,
    coalesce((i.document ->> 'decimals')::integer, 0) AS decimals,
    count(*) AS counts,
    coalesce(sum(e.on_hand_delta) FILTER (WHERE e.on_hand_delta > 0), 0)::bigint AS units_more,
    coalesce(-sum(e.on_hand_delta) FILTER (WHERE e.on_hand_delta < 0), 0)::bigint AS units_less,
    coalesce(sum(e.on_hand_delta * coalesce((i.document ->> 'cost_minor')::bigint, 0)), 0)::bigint AS scaled_cost_minor
FROM entries AS e LEFT JOIN items AS i ON i.sku = e.sku
WHERE e.kind = 'count' AND e.on_hand_delta <> 0
    AND ($1::text IS NULL OR e.node = $1)
    AND ($2::text IS NULL OR e.sku = $2)
    AND ($3::timestamptz IS NULL OR e.at >= $3)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
