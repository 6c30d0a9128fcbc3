-- name: read_transfer
-- Reads a transfer as it was last set.
SELECT transfer_id, version, document FROM transfers WHERE transfer_id = $1;

-- name: write_transfer
-- Creates or replaces a transfer's document.
INSERT INTO transfers AS t (transfer_id, version, sender, receiver, document, changed_at) VALUES ($1, 1, $2, $3, $4, $5)
ON CONFLICT (transfer_id) DO UPDATE
SET version = t.version + 1,
    sender = excluded.sender,
    receiver = excluded.receiver,
    document = excluded.document,
    changed_at = excluded.changed_at
RETURNING version;

-- name: find_transfers
-- Finds a page of transfers from or to some nodes (null: any), after the one given.
SELECT transfer_id, version, document FROM transfers
WHERE ($1::text[] IS NULL OR sender = ANY($1) OR receiver = ANY($1))
    AND ($2::text IS NULL OR transfer_id > $2)
ORDER BY transfer_id LIMIT $3;

-- name: lock_transfer
-- Lets one at a time set or move a transfer, also one that is not there yet; freed when the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended($1, 7308332127834771));

-- name: read_transits
-- Reads of some supplies that are lines of transfers on their way: what was shipped, received and lost, what is still on its way and what of that is reserved.
SELECT
    k.position,
    coalesce(b.on_hand, 0) AS in_transit,
    coalesce(b.reserved, 0) AS reserved,
    b.expected_at,
    coalesce(sum(e.on_hand_delta) FILTER (WHERE e.kind = 'expect'), 0)::bigint AS shipped,
    coalesce(-sum(e.on_hand_delta) FILTER (WHERE e.kind = 'receipt'), 0)::bigint AS received,
    coalesce(-sum(e.on_hand_delta) FILTER (WHERE e.kind = 'adjustment'), 0)::bigint AS lost
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (sku, node, source, position)
LEFT JOIN balances AS b ON b.sku = k.sku AND b.node = k.node AND b.source = k.source
LEFT JOIN entries AS e ON e.sku = k.sku AND e.node = k.node AND e.source = k.source
GROUP BY k.position, b.on_hand, b.reserved, b.expected_at
ORDER BY k.position;
