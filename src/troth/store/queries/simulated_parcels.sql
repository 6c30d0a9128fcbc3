-- name: make_simulated_parcel
-- Writes the parcel that the simulated carrier makes under a key, or counts that it was asked once more; gives it as it is.
INSERT INTO simulated_parcels AS p (
    key, order_id, carrier, tracking_number, service, asked, made_at, promised_at, is_abroad, from_city, to_city
)
VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10)
ON CONFLICT (key) DO UPDATE SET asked = p.asked + 1
RETURNING key, tracking_number, made_at, promised_at, is_abroad, from_city, to_city, voided_at;

-- name: read_simulated_parcel
-- Reads a parcel of the simulated carrier by its key.
SELECT key, tracking_number, made_at, promised_at, is_abroad, from_city, to_city, voided_at FROM simulated_parcels WHERE key = $1;

-- name: find_simulated_parcels
-- Finds parcels of the simulated carrier by their numbers, with when their nodes said that they left, which it takes for when it got them.
SELECT s.key, s.tracking_number, s.made_at, s.promised_at, s.is_abroad, s.from_city, s.to_city, s.voided_at, p.shipped_at
FROM simulated_parcels AS s LEFT JOIN polled_parcels AS p USING (order_id, tracking_number)
WHERE s.tracking_number = ANY($1::text[]) ORDER BY s.key;

-- name: void_simulated_parcel
-- Makes a parcel of the simulated carrier void, if it is not; no row where there is none.
UPDATE simulated_parcels SET voided_at = coalesce(voided_at, $2::timestamptz) WHERE key = $1 RETURNING key;
