-- name: delete_planned_releases
-- Deletes the planned releases of some orders.
DELETE FROM planned_releases WHERE order_id = ANY($1::text[]);

-- name: write_planned_releases
-- Writes planned releases of orders.
INSERT INTO planned_releases (
    order_id, fulfillment_id, node, release_at, latest_at, wave, promised_at, priority, lines, units
)
SELECT order_id, fulfillment_id, node, release_at, latest_at, wave, promised_at, priority, lines, units
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::timestamptz[], $8::integer[],
    $9::integer[], $10::bigint[]
) AS r (order_id, fulfillment_id, node, release_at, latest_at, wave, promised_at, priority, lines, units);

-- name: count_waves
-- Adds to what waves have taken.
INSERT INTO waves AS w (wave, release_at, state, orders, lines, units)
SELECT wave, release_at, 'open', orders, lines, units
FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[])
    AS t (wave, release_at, orders, lines, units)
ORDER BY wave
ON CONFLICT (wave) DO UPDATE SET
    orders = w.orders + excluded.orders,
    lines = w.lines + excluded.lines,
    units = w.units + excluded.units;

-- name: try_waves
-- Takes the right to run waves, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(hashtext('troth waves'));

-- name: find_due_waves
-- Finds the waves with work whose time has come, the earliest first; those that a person holds are left out.
SELECT p.wave
FROM planned_releases AS p
WHERE p.wave <> '' AND p.release_at <= $1
    AND NOT EXISTS (SELECT FROM waves AS w WHERE w.wave = p.wave AND w.state = 'held')
GROUP BY p.wave
ORDER BY min(p.release_at), p.wave
LIMIT $2;

-- name: read_waiting
-- Reads the work that is planned into a wave, in the turn in which it goes.
SELECT order_id, fulfillment_id, latest_at, promised_at, priority, lines, units
FROM planned_releases
WHERE wave = $1 AND release_at = $2
ORDER BY latest_at, promised_at, priority DESC, order_id, fulfillment_id
LIMIT $3;

-- name: read_waves
-- Reads what was done to some waves, and what they have taken.
SELECT wave, release_at, state, orders, lines, units, changed_at, changed_by, reason
FROM waves WHERE wave = ANY($1::text[]);

-- name: lock_wave
-- Locks a wave and reads how it stands, so that nobody else changes it meanwhile.
SELECT wave, release_at, state, orders, lines, units, changed_at, changed_by, reason
FROM waves WHERE wave = $1 FOR UPDATE;

-- name: write_wave
-- Writes what a person did to a wave.
INSERT INTO waves AS w (wave, release_at, state, changed_at, changed_by, reason)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (wave) DO UPDATE SET
    state = excluded.state,
    changed_at = excluded.changed_at,
    changed_by = excluded.changed_by,
    reason = excluded.reason;

-- name: find_planned_orders
-- Finds the orders of which something is planned to be released until an instant, the earliest first.
SELECT order_id FROM planned_releases WHERE release_at <= $1 GROUP BY order_id ORDER BY min(release_at), order_id LIMIT $2;

-- name: find_waves_since
-- Finds the waves of a time that were changed by a person or have taken anything.
SELECT wave, release_at, state, orders, lines, units, changed_at, changed_by, reason
FROM waves WHERE release_at >= $1 AND release_at <= $2 ORDER BY release_at, wave LIMIT $3;

-- name: find_late_releases
-- Finds a page of work that is not released although its node has to begin by an instant, the most urgent first.
SELECT order_id, fulfillment_id, node, release_at, latest_at, wave, promised_at
FROM planned_releases
WHERE latest_at <= $1 AND ($2::text IS NULL OR node = $2)
    AND ($3::timestamptz IS NULL OR (latest_at, fulfillment_id) > ($3, $4::text))
ORDER BY latest_at, fulfillment_id
LIMIT $5;
