-- name: lock_manifests
-- Keeps others from making a manifest for a node and a carrier until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 7308332127834796));

-- name: count_manifests
-- Counts the manifests of a node for a carrier on a day.
SELECT count(*) FROM manifests WHERE node = $1 AND carrier = $2 AND day = $3;

-- name: find_labels_to_manifest
-- Finds labels of a node that a carrier made, and that are on no manifest, by order.
SELECT label, version, manifest_id FROM labels
WHERE node = $1 AND carrier = $2 AND state = 'bought' AND manifest_id IS NULL
ORDER BY order_id, number LIMIT $3;

-- name: count_labels_to_manifest
-- Counts the labels of a node (null: of all) that are on no manifest, by node and carrier.
SELECT node, carrier, count(*) AS labels FROM labels
WHERE state = 'bought' AND manifest_id IS NULL AND ($1::text[] IS NULL OR node = ANY($1)) AND subject NOT LIKE order_id || '-R%'
GROUP BY node, carrier ORDER BY node, carrier;

-- name: put_on_manifest
-- Puts labels on a manifest that still are as they were read; gives those that are.
UPDATE labels AS l SET manifest_id = $1, version = l.version + 1
FROM unnest($2::text[], $3::integer[], $4::integer[]) AS k (order_id, number, version)
WHERE l.order_id = k.order_id AND l.number = k.number AND l.version = k.version AND l.state = 'bought' AND l.manifest_id IS NULL
RETURNING l.order_id, l.number;

-- name: take_off_manifest
-- Takes all labels off a manifest that its carrier refused.
UPDATE labels SET manifest_id = NULL, version = version + 1 WHERE (order_id, number) IN (SELECT * FROM unnest($1::text[], $2::integer[])) AND manifest_id = $3;

-- name: write_new_manifest
-- Writes a manifest of which its carrier is going to be told, claimed by whoever tells.
INSERT INTO manifests (manifest_id, node, carrier, day, number, state, version, due_at, claimed_until, manifest)
VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9);

-- name: write_manifest
-- Writes a manifest that is still of the version that was read, due again at an instant (null: not), and free; no row where it is not.
UPDATE manifests SET state = $3, manifest = $4, due_at = $5, claimed_until = NULL, version = version + 1
WHERE manifest_id = $1 AND version = $2
RETURNING version;

-- name: read_manifest
-- Reads one manifest.
SELECT manifest, version FROM manifests WHERE manifest_id = $1;

-- name: find_manifests
-- Finds a page of manifests of some nodes (null: of all), the newest first.
SELECT manifest, version FROM manifests
WHERE ($1::text[] IS NULL OR node = ANY($1)) AND ($2::date IS NULL OR (day, manifest_id) < ($2, $3::text))
ORDER BY day DESC, manifest_id DESC LIMIT $4;

-- name: claim_manifests
-- Claims manifests that are due and that nobody else tells of, the longest overdue first.
UPDATE manifests AS m SET claimed_until = $1::timestamptz + make_interval(secs => $2)
WHERE m.manifest_id IN (
        SELECT c.manifest_id FROM manifests AS c
        WHERE c.due_at <= $1 AND (c.claimed_until IS NULL OR c.claimed_until <= $1)
        ORDER BY c.due_at, c.manifest_id LIMIT $3
    )
    AND m.due_at <= $1 AND (m.claimed_until IS NULL OR m.claimed_until <= $1)
RETURNING m.manifest, m.version;
