-- name: try_measuring_times
-- Takes the right to measure times from the log, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834774);

-- name: try_watching
-- Takes the right to follow the log for orders to watch, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834775);

-- name: read_stage_times
-- Reads what was measured of some cells.
SELECT t.stage, t.name, t.as_of, t.counts, t.observations
FROM stage_times AS t JOIN unnest($1::text[], $2::text[]) AS k (stage, name) USING (stage, name);

-- name: read_all_stage_times
-- Reads everything that was measured.
SELECT stage, name, as_of, counts, observations FROM stage_times;

-- name: write_stage_time
-- Writes what was measured of a cell.
INSERT INTO stage_times (stage, name, as_of, counts, observations)
VALUES ($1, $2, $3, $4::float8[], $5)
ON CONFLICT (stage, name) DO UPDATE SET as_of = excluded.as_of, counts = excluded.counts, observations = excluded.observations;

-- name: touch_watched_orders
-- Has the orders looked at to which something of some kinds happened after a position; gives the position up to which the log was read (no row: nothing is there).
WITH next AS MATERIALIZED (
    SELECT xid, seq, subject, kind FROM events
    WHERE (xid, seq) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, seq
    LIMIT $4
),
wanted AS MATERIALIZED (
    SELECT DISTINCT subject AS order_id FROM next WHERE kind = ANY($3::text[])
),
marked AS (
    INSERT INTO watched_orders (order_id, touched, look_at)
    SELECT order_id, 1, $5::timestamptz FROM wanted
    ORDER BY order_id
    ON CONFLICT (order_id) DO UPDATE SET
        touched = watched_orders.touched + 1, look_at = least(watched_orders.look_at, excluded.look_at)
)
SELECT xid, seq, count(*) OVER () AS looked_at FROM next ORDER BY xid DESC, seq DESC LIMIT 1;

-- name: claim_watched_orders
-- Claims orders that are to be looked at and that nobody else looks at or touches now, the longest overdue first; it waits for nobody.
WITH due AS MATERIALIZED (
    SELECT order_id FROM watched_orders
    WHERE look_at <= $4 AND (claimed_until IS NULL OR claimed_until <= $1)
    ORDER BY look_at, order_id
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
UPDATE watched_orders AS w
SET claimed_until = $1::timestamptz + make_interval(secs => $2)
FROM due AS d
WHERE w.order_id = d.order_id
RETURNING w.order_id, w.touched;

-- name: free_watched_orders
-- Frees claimed orders, each to be looked at again at an instant, or at once where something happened meanwhile; those without an instant that nothing happened to are watched no longer.
WITH freed AS MATERIALIZED (
    SELECT f.order_id, f.touched, f.look_at FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS f (order_id, touched, look_at)
    JOIN watched_orders AS w USING (order_id)
    ORDER BY f.order_id
    FOR UPDATE OF w
),
gone AS (
    DELETE FROM watched_orders AS w USING freed AS f
    WHERE w.order_id = f.order_id AND w.touched = f.touched AND f.look_at IS NULL
)
UPDATE watched_orders AS w
SET claimed_until = NULL,
    look_at = CASE WHEN w.touched = f.touched THEN f.look_at WHEN f.look_at IS NULL THEN w.look_at ELSE $4::timestamptz END
FROM freed AS f
WHERE w.order_id = f.order_id AND NOT (w.touched = f.touched AND f.look_at IS NULL);

-- name: read_predictions
-- Reads what is expected of the work of some orders.
SELECT
    order_id, fulfillment_id, step, promised_at, percent, early_at, expected_at, late_at, predicted_at, trouble, trouble_at, called_at,
    rule, owner
FROM predictions WHERE order_id = ANY($1::text[])
ORDER BY order_id, fulfillment_id;

-- name: write_predictions
-- Writes what is expected of some work, in place of what was expected before.
INSERT INTO predictions (
    order_id, fulfillment_id, step, promised_at, percent, early_at, expected_at, late_at, predicted_at, trouble, trouble_at, called_at,
    rule, owner
)
SELECT
    order_id, fulfillment_id, step, promised_at, percent, early_at, expected_at, late_at, predicted_at, trouble, trouble_at, called_at,
    rule, owner
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::smallint[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[],
    $9::timestamptz[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::text[]
) AS p (
    order_id, fulfillment_id, step, promised_at, percent, early_at, expected_at, late_at, predicted_at, trouble, trouble_at, called_at,
    rule, owner
)
ORDER BY order_id, fulfillment_id
ON CONFLICT (order_id, fulfillment_id) DO UPDATE SET
    step = excluded.step,
    promised_at = excluded.promised_at,
    percent = excluded.percent,
    early_at = excluded.early_at,
    expected_at = excluded.expected_at,
    late_at = excluded.late_at,
    predicted_at = excluded.predicted_at,
    trouble = excluded.trouble,
    trouble_at = excluded.trouble_at,
    called_at = excluded.called_at,
    rule = excluded.rule,
    owner = excluded.owner;

-- name: delete_predictions
-- Deletes what was expected of the work of some orders of which nothing is expected any more.
DELETE FROM predictions WHERE order_id = ANY($1::text[]) AND NOT fulfillment_id = ANY($2::text[]);

-- name: find_predicted
-- Finds work on its way, that which will most likely be late first.
SELECT
    p.order_id, p.fulfillment_id, p.step, p.promised_at, p.percent, p.early_at, p.expected_at, p.late_at, p.predicted_at, p.trouble,
    p.trouble_at, p.called_at, p.rule, p.owner, f.node, f.status, f.service, f.carrier, o.channel, o.external_id
FROM predictions AS p
JOIN fulfillments AS f USING (order_id, fulfillment_id)
JOIN orders AS o USING (order_id)
WHERE p.percent >= $1
    AND ($2::text[] IS NULL OR f.node = ANY($2))
    AND ($3::text[] IS NULL OR o.customer_id = ANY($3))
    AND ($4::integer IS NULL OR (p.percent, p.fulfillment_id) < ($4, $5::text))
ORDER BY p.percent DESC, p.fulfillment_id DESC
LIMIT $6;
