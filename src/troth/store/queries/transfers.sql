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
-- Reads of some supplies that are lines of transfers on their way, and of each lot of them: what was shipped, received and lost, and what is reserved.
SELECT
    k.position,
    b.source,
    b.expires_on,
    b.reserved,
    coalesce(sum(e.on_hand_delta) FILTER (WHERE e.kind = 'expect'), 0)::bigint AS shipped,
    coalesce(-sum(e.on_hand_delta) FILTER (WHERE e.kind = 'receipt'), 0)::bigint AS received,
    coalesce(-sum(e.on_hand_delta) FILTER (WHERE e.kind = 'adjustment'), 0)::bigint AS lost
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (sku, node, source, position)
JOIN balances AS b ON b.sku = k.sku AND b.node = k.node AND (b.source = k.source OR starts_with(b.source, k.source || '/'))
LEFT JOIN entries AS e ON e.sku = b.sku AND e.node = b.node AND e.source = b.source
GROUP BY k.position, b.sku, b.node, b.source
ORDER BY k.position, b.source;

-- name: find_held
-- Finds what some nodes hold of some SKUs (aligned) that is not reserved, by lots and by none.
SELECT b.sku, b.node, b.source
FROM balances AS b JOIN (SELECT DISTINCT sku, node FROM unnest($1::text[], $2::text[]) AS k (sku, node)) AS k USING (sku, node)
WHERE (b.source = 'on_hand' OR starts_with(b.source, 'lot/')) AND b.on_hand > b.reserved
ORDER BY b.sku, b.node, b.source;

-- name: read_traveling_serials
-- Reads where transfers last had some serials (SKU and number, aligned), and those that some transfers have on their way.
SELECT DISTINCT ON (s.sku, s.serial) s.sku, s.serial, s.transfer_id, s.line, s.lot, s.state, s.at
FROM transfer_serials AS s
WHERE (s.sku, s.serial) IN (SELECT * FROM unnest($1::text[], $2::text[]))
    OR (s.transfer_id = ANY($3::text[]) AND s.state = 'shipped')
ORDER BY s.sku, s.serial, s.state = 'shipped' DESC, s.at DESC, s.transfer_id;

-- name: read_serials_of_transfers
-- Reads the serials that some transfers named, by transfer, line and number.
SELECT sku, serial, transfer_id, line, lot, state, at FROM transfer_serials
WHERE transfer_id = ANY($1::text[])
ORDER BY transfer_id, line, serial, sku;

-- name: write_traveling_serials
-- Writes where transfers have serials now.
INSERT INTO transfer_serials AS s (sku, serial, transfer_id, line, lot, state, at)
SELECT sku, serial, transfer_id, line, lot, state, at
FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::timestamptz[]) AS k (
    sku, serial, transfer_id, line, lot, state, at
)
ORDER BY sku, serial, transfer_id
ON CONFLICT (sku, serial, transfer_id) DO UPDATE
SET line = excluded.line, lot = excluded.lot, state = excluded.state, at = excluded.at;
