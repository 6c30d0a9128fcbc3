-- name: open_carrier_claim
-- Opens a claim about a parcel, numbered within its order; no row where one is open or was paid.
INSERT INTO carrier_claims (
    order_id, claim_id, fulfillment_id, tracking_number, carrier, reason, amount_minor, currency, state, opened_at, opened_by
)
SELECT $1, $1 || '-K' || (SELECT count(*) + 1 FROM carrier_claims WHERE order_id = $1), $2, $3, $4, $5, $6, $7, 'open', $8, $9
ON CONFLICT DO NOTHING
RETURNING claim_id;

-- name: close_carrier_claim
-- Ends a claim that is open; no row where it is not.
UPDATE carrier_claims SET state = $3, paid_minor = $4, reference = $5, closed_at = $6
WHERE order_id = $1 AND claim_id = $2 AND state = 'open'
RETURNING order_id;

-- name: read_carrier_claim
-- Reads a claim.
SELECT * FROM carrier_claims WHERE order_id = $1 AND claim_id = $2;

-- name: find_carrier_claims
-- Finds a page of claims, the oldest first, after the position given; every filter that is null is no filter.
SELECT c.* FROM carrier_claims AS c
WHERE ($1::text IS NULL OR c.state = $1)
    AND ($2::text IS NULL OR lower(c.carrier) = lower($2))
    AND ($3::text IS NULL OR c.order_id = $3)
    AND ($4::timestamptz IS NULL OR (c.opened_at, c.claim_id) > ($4, $5::text))
ORDER BY c.opened_at, c.claim_id
LIMIT $6;
