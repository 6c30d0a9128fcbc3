-- name: try_following_parcels
-- Takes the right to follow the log for parcels, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834801);

-- name: write_polled_parcels
-- Adds parcels about which their carriers are asked.
INSERT INTO polled_parcels (order_id, fulfillment_id, tracking_number, carrier, shipped_at, ask_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
ON CONFLICT (order_id, fulfillment_id, tracking_number) DO NOTHING;

-- name: forget_polled_works
-- Forgets the parcels of works, since they have arrived.
DELETE FROM polled_parcels AS p
USING unnest($1::text[], $2::text[]) AS k (order_id, fulfillment_id)
WHERE p.order_id = k.order_id AND p.fulfillment_id = k.fulfillment_id;

-- name: claim_polled_parcels
-- Claims parcels of a carrier about which it is to be asked and nobody else asks now, the longest overdue first.
UPDATE polled_parcels AS p
SET claimed_until = $2::timestamptz + make_interval(secs => $3)
WHERE (p.order_id, p.fulfillment_id, p.tracking_number) IN (
        SELECT c.order_id, c.fulfillment_id, c.tracking_number FROM polled_parcels AS c
        WHERE c.carrier = $1 AND c.ask_at <= $2 AND (c.claimed_until IS NULL OR c.claimed_until <= $2)
        ORDER BY c.ask_at, c.tracking_number, c.order_id
        LIMIT $4
    )
    AND p.ask_at <= $2
    AND (p.claimed_until IS NULL OR p.claimed_until <= $2)
RETURNING p.order_id, p.fulfillment_id, p.tracking_number, p.shipped_at, p.claimed_until;

-- name: free_polled_parcels
-- Gives claimed parcels back, to be asked about again at an instant; null: when they were due.
UPDATE polled_parcels AS p
SET claimed_until = NULL, ask_at = coalesce(k.ask_at, p.ask_at)
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS k (order_id, fulfillment_id, tracking_number, ask_at)
WHERE p.order_id = k.order_id AND p.fulfillment_id = k.fulfillment_id AND p.tracking_number = k.tracking_number
    AND p.claimed_until = $5;

-- name: forget_polled_parcels
-- Forgets parcels about which nobody is asked any more.
DELETE FROM polled_parcels AS p
USING unnest($1::text[], $2::text[], $3::text[]) AS k (order_id, fulfillment_id, tracking_number)
WHERE p.order_id = k.order_id AND p.fulfillment_id = k.fulfillment_id AND p.tracking_number = k.tracking_number
    AND p.claimed_until = $4;
