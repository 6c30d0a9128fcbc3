-- name: find_unaccepted
-- Finds work that nodes may have had to accept by now: of each node what was released so many minutes ago or more. What was missed before is left out, unless the node's work is to be sourced again.
SELECT f.order_id, f.fulfillment_id
FROM unnest($1::text[], $2::integer[], $3::boolean[]) AS n (node, minutes, is_rerouted)
JOIN fulfillments AS f ON f.node = n.node AND f.status = 'released'
JOIN orders AS o ON o.order_id = f.order_id
WHERE o.released_at + n.minutes * interval '1 minute' <= $4
    AND (
        n.is_rerouted
        OR NOT EXISTS (
            SELECT FROM events AS e
            WHERE e.subject = f.order_id AND e.kind = 'AcceptanceMissed' AND e.body ->> 'fulfillment_id' = f.fulfillment_id
        )
    )
ORDER BY f.ship_by, f.fulfillment_id LIMIT $5;

-- name: read_releases
-- Reads when orders were released, and of which of their work the acceptance was missed, the oldest first.
SELECT subject, kind, body FROM events
WHERE subject = ANY($1::text[]) AND kind IN ('OrderReleased', 'AcceptanceMissed')
ORDER BY subject, at, seq;
