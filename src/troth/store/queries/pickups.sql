-- name: write_pickups
-- Writes pickups of orders, new or changed.
INSERT INTO pickups (order_id, fulfillment_id, node, keep_until, here_at, document)
SELECT order_id, fulfillment_id, node, keep_until, here_at, document
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::json[])
    AS p (order_id, fulfillment_id, node, keep_until, here_at, document)
ON CONFLICT (order_id, fulfillment_id) DO UPDATE SET
    node = excluded.node,
    keep_until = excluded.keep_until,
    here_at = excluded.here_at,
    document = excluded.document;
