-- name: read_failures
-- Reads what the log says of units that nodes rejected or did not find, of some orders.
SELECT subject, kind, body FROM events
WHERE subject = ANY($1::text[]) AND kind IN ('FulfillmentRejected', 'FulfillmentPicked')
ORDER BY subject, at, seq;

-- name: read_found
-- Reads when units last came to be on hand at some places since an instant each: received or adjusted upwards, or counted as of then with any left; a place is one lot where it names one.
SELECT
    k.place,
    greatest(
        (
            SELECT max(e.at) FROM entries AS e
            WHERE e.sku = k.sku AND e.node = k.node AND e.at > k.since AND e.on_hand_delta > 0
                AND e.kind IN ('receipt', 'adjustment')
                AND (e.source = k.source OR (k.source IS NULL AND (e.source = 'on_hand' OR e.source LIKE 'lot/%')))
        ),
        (
            SELECT max(c.as_of) FROM counts AS c
            WHERE c.sku = k.sku AND c.node = k.node AND c.as_of > k.since AND c.on_hand > 0
                AND (c.source = k.source OR (k.source IS NULL AND (c.source = 'on_hand' OR c.source LIKE 'lot/%')))
        )
    ) AS found_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) WITH ORDINALITY AS k (sku, node, source, since, place)
ORDER BY k.place;
