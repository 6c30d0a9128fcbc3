-- name: read_positions_at
-- Reads what some supplies on hand held at an instant by what is known now, by how many units they moved since, and when they were counted last.
-- A count that was only written later counts for the instant as of which it is: one of that instant or before is what they held, plus what moved
-- until then; one of later is taken out of what they held, but is no movement.
SELECT
    k.position,
    CASE
        WHEN c.as_of <= $3 AND c.counted_at > $3 THEN greatest(0, c.on_hand + m.until)
        ELSE coalesce(b.on_hand, 0) - m.since - m.counted
    END::bigint AS on_hand,
    m.since AS moved_since,
    c.as_of AS counted_as_of
FROM unnest($1::text[], $2::text[], $4::text[]) WITH ORDINALITY AS k (sku, node, source, position)
LEFT JOIN balances AS b ON b.sku = k.sku AND b.node = k.node AND b.source = k.source
LEFT JOIN counts AS c ON c.sku = k.sku AND c.node = k.node AND c.source = k.source
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(e.on_hand_delta) FILTER (WHERE e.kind <> 'count' AND e.at > $3), 0)::bigint AS since,
        coalesce(sum(e.on_hand_delta) FILTER (WHERE e.kind = 'count' AND e.at > $3), 0)::bigint AS counted,
        coalesce(sum(e.on_hand_delta) FILTER (WHERE e.kind <> 'count' AND e.at > c.as_of AND e.at <= $3), 0)::bigint AS until
    FROM entries AS e
    WHERE e.sku = k.sku AND e.node = k.node AND e.source = k.source AND e.at > least($3, c.as_of)
) AS m
ORDER BY k.position;

-- name: find_unposted_work
-- Finds the units of some SKUs at some nodes that nodes were given to send by an instant and that are not shipped yet, with the work they are of.
SELECT a.sku, a.node, a.source, sum(a.quantity)::bigint AS units, array_agg(DISTINCT a.fulfillment_id ORDER BY a.fulfillment_id) AS fulfillments
FROM fulfillments AS f
JOIN orders AS o ON o.order_id = f.order_id
JOIN allocations AS a ON a.order_id = f.order_id AND a.fulfillment_id = f.fulfillment_id
WHERE f.status IN ('released', 'accepted', 'picked', 'packed', 'ready')
    AND f.node = ANY($2::text[])
    AND o.released_at <= $3
    AND a.sku = ANY($1::text[])
    AND (a.source = 'on_hand' OR starts_with(a.source, 'lot/'))
    AND a.state = ANY($4::text[])
GROUP BY a.sku, a.node, a.source;

-- name: find_overdue_supply
-- Finds the units of some SKUs at some nodes that should have arrived by an instant and are not received, with their sources.
SELECT sku, node, sum(on_hand)::bigint AS units, array_agg(source ORDER BY source) AS sources
FROM balances
WHERE sku = ANY($1::text[]) AND node = ANY($2::text[]) AND source <> 'on_hand' AND on_hand > 0 AND expected_at <= $3
GROUP BY sku, node;
