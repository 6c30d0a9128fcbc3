-- name: write_intake
-- Writes a document, or in place of the one of its id whose version is the one before.
INSERT INTO intake AS i (
    intake_id, version, state, entrance, channel, external_id, digest, body, findings, currency, total_minor,
    times_received, received_at, received_by, order_id, changed_at, changed_by, reason
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT (intake_id) DO UPDATE SET
    version = excluded.version,
    state = excluded.state,
    channel = excluded.channel,
    external_id = excluded.external_id,
    digest = excluded.digest,
    body = excluded.body,
    findings = excluded.findings,
    currency = excluded.currency,
    total_minor = excluded.total_minor,
    times_received = excluded.times_received,
    order_id = excluded.order_id,
    changed_at = excluded.changed_at,
    changed_by = excluded.changed_by,
    reason = excluded.reason
WHERE i.version = excluded.version - 1
RETURNING i.version;

-- name: read_intake
-- Reads one document of the intake.
SELECT * FROM intake WHERE intake_id = $1;

-- name: find_waiting_intake
-- Finds the document that waits with this content.
SELECT * FROM intake WHERE state = 'waiting' AND digest = $1 ORDER BY received_at LIMIT 1;

-- name: find_intake
-- Finds a page of documents in some states, the oldest first, after the position given; a filter that is null is no filter.
SELECT * FROM intake
WHERE state = ANY($1::text[])
    AND ($2::text IS NULL OR channel = $2)
    AND ($3::timestamptz IS NULL OR (received_at, intake_id) > ($3, $4::text))
ORDER BY received_at, intake_id
LIMIT $5;

-- name: lock_intake
-- Keeps everybody else from taking documents in with this content, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended($1, 7308332127834770));
