-- name: read_labels
-- Reads the labels of some orders, the oldest of each first.
SELECT label, version, manifest_id FROM labels WHERE order_id = ANY($1::text[]) ORDER BY order_id, number;

-- name: read_label
-- Reads one label.
SELECT label, version, manifest_id FROM labels WHERE order_id = $1 AND number = $2;

-- name: lock_labels
-- Keeps others from adding a label to an order until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 7308332127834794));

-- name: read_last_label
-- Reads how many labels an order has had.
SELECT coalesce(max(number), 0) FROM labels WHERE order_id = $1;

-- name: take_sscc_serial
-- Takes the next serial reference for an SSCC.
SELECT nextval('sscc_serials');

-- name: write_new_label
-- Writes a label that is going to be asked for, claimed by whoever asks; no row where its package has one.
INSERT INTO labels (order_id, number, subject, package_id, node, carrier, state, tracking_number, version, due_at, claimed_until, label)
VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, $8, $9, $10)
ON CONFLICT DO NOTHING
RETURNING number;

-- name: write_label
-- Writes a label that is still of the version that was read; no row where somebody else changed it.
UPDATE labels
SET state = $4, tracking_number = $5, label = $6, version = version + 1
WHERE order_id = $1 AND number = $2 AND version = $3
RETURNING version;

-- name: write_label_paper
-- Keeps a label as its carrier printed it.
INSERT INTO label_papers (order_id, number, paper, content) VALUES ($1, $2, $3, $4)
ON CONFLICT (order_id, number, paper) DO UPDATE SET content = excluded.content;

-- name: read_label_paper
-- Reads a label as its carrier printed it.
SELECT content FROM label_papers WHERE order_id = $1 AND number = $2 AND paper = $3;

-- name: claim_label
-- Claims one label that nobody else is at.
UPDATE labels SET claimed_until = $3::timestamptz + make_interval(secs => $4)
WHERE order_id = $1 AND number = $2 AND (claimed_until IS NULL OR claimed_until <= $3)
RETURNING order_id, number, touched, claimed_until;

-- name: claim_labels
-- Claims labels that are due and that nobody else is at, the longest overdue first.
UPDATE labels AS l
SET claimed_until = $1::timestamptz + make_interval(secs => $2)
WHERE (l.order_id, l.number) IN (
        SELECT c.order_id, c.number FROM labels AS c
        WHERE c.due_at <= $1 AND (c.claimed_until IS NULL OR c.claimed_until <= $1)
        ORDER BY c.due_at, c.order_id, c.number
        LIMIT $3
    )
    AND l.due_at <= $1
    AND (l.claimed_until IS NULL OR l.claimed_until <= $1)
RETURNING l.order_id, l.number, l.touched, l.claimed_until;

-- name: free_label
-- Frees a claimed label, due again at an instant (null: when something happens), or at once where something happened meanwhile.
UPDATE labels
SET claimed_until = NULL, due_at = CASE WHEN touched = $4 THEN $5::timestamptz ELSE coalesce(least(due_at, $5), $6) END
WHERE order_id = $1 AND number = $2 AND claimed_until = $3;

-- name: try_following_labels
-- Takes the right to follow the log for labels, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834797);

-- name: touch_labels
-- Marks the labels of orders to which something happened after a position as due; gives the position up to which the log was read (no row:
-- nothing is there).
WITH next AS MATERIALIZED (
    SELECT xid, seq, subject, kind FROM events
    WHERE (xid, seq) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, seq
    LIMIT $4
),
marked AS (
    UPDATE labels SET touched = touched + 1, due_at = least(due_at, $5::timestamptz)
    WHERE order_id IN (SELECT subject FROM next WHERE kind = ANY($3::text[])) AND state IN ('requested', 'bought', 'voiding')
)
SELECT xid, seq, count(*) OVER () AS looked_at FROM next ORDER BY xid DESC, seq DESC LIMIT 1;

-- name: count_labels_in_flight
-- Counts the labels that are due since before an instant, and of which nobody knows what became of them.
SELECT count(*) FROM labels WHERE due_at < $1 AND state IN ('requested', 'voiding');
