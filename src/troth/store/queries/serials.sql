-- name: read_serials
-- Reads where some serials (SKU and number, aligned) are, and whether units of their line are still live there.
SELECT s.sku, s.serial, s.order_id, s.fulfillment_id, s.line_id, s.named_at, EXISTS (
    SELECT FROM allocations AS a
    WHERE a.order_id = s.order_id AND a.fulfillment_id = s.fulfillment_id AND a.line_id = s.line_id AND a.sku = s.sku
        AND a.state = ANY($3::text[])
) AS is_held
FROM serials AS s
WHERE (s.sku, s.serial) IN (SELECT * FROM unnest($1::text[], $2::text[]));

-- name: claim_serials
-- Writes where serials are now, unless somebody else than was seen (null: nobody) has taken one meanwhile; gives each that was written.
INSERT INTO serials AS s (sku, serial, order_id, fulfillment_id, line_id, named_at)
SELECT sku, serial, order_id, fulfillment_id, line_id, $1::timestamptz
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) AS k (
    sku, serial, order_id, fulfillment_id, line_id, seen
)
ORDER BY sku, serial
ON CONFLICT (sku, serial) DO UPDATE
SET order_id = excluded.order_id,
    fulfillment_id = excluded.fulfillment_id,
    line_id = excluded.line_id,
    named_at = excluded.named_at
WHERE s.fulfillment_id = (
    SELECT k.seen FROM unnest($2::text[], $3::text[], $7::text[]) AS k (sku, serial, seen)
    WHERE k.sku = s.sku AND k.serial = s.serial
)
RETURNING s.sku, s.serial;

-- name: free_serials
-- Forgets where serials are that a fulfillment no longer names.
DELETE FROM serials AS s USING unnest($1::text[], $2::text[], $3::text[]) AS k (sku, serial, fulfillment_id)
WHERE s.sku = k.sku AND s.serial = k.serial AND s.fulfillment_id = k.fulfillment_id;
