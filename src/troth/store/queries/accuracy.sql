-- name: try_learning
-- Takes the right to learn from the log, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834773);

-- name: read_log_reader
-- Reads how far a reader of the log is.
SELECT xid, seq FROM log_readers WHERE reader = $1;

-- name: advance_log_reader
-- Moves a reader of the log on from where it was; no row where it is elsewhere by now.
UPDATE log_readers SET xid = $4::xid8, seq = $5 WHERE reader = $1 AND xid = $2::xid8 AND seq = $3 RETURNING reader;

-- name: read_allocated
-- Reads of what and where some allocations are, and how many units of which line.
SELECT a.order_id, a.allocation, a.line_id, a.sku, a.node, a.quantity
FROM allocations AS a JOIN unnest($1::text[], $2::integer[]) AS k (order_id, allocation) USING (order_id, allocation);

-- name: read_categories
-- Reads the categories of some items.
SELECT sku, category FROM items WHERE sku = ANY($1::text[]);

-- name: find_measured
-- Finds which of some items are sold by measure, with how many decimals.
SELECT sku, (document ->> 'decimals')::integer AS decimals FROM items
WHERE sku = ANY($1::text[]) AND coalesce((document ->> 'decimals')::integer, 0) > 0;

-- name: read_find_evidence
-- Reads what was seen of some categories at their nodes.
SELECT e.node, e.category, e.as_of, e.found, e.missed, e.observations, e.units
FROM find_evidence AS e JOIN unnest($1::text[], $2::text[]) AS k (node, category) USING (node, category);

-- name: find_changed_evidence
-- Finds what was seen of categories at nodes, as far as transactions from a position on have written it.
SELECT node, category, as_of, found, missed, observations, units FROM find_evidence WHERE xid >= $1::xid8;

-- name: write_find_evidence
-- Writes what was seen of categories at nodes, in sorted order.
INSERT INTO find_evidence (node, category, as_of, found, missed, observations, units, xid)
SELECT node, category, as_of, found, missed, observations, units, pg_current_xact_id()
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::float8[], $5::float8[], $6::bigint[], $7::bigint[])
    AS g (node, category, as_of, found, missed, observations, units)
ORDER BY node, category
ON CONFLICT (node, category) DO UPDATE SET
    as_of = excluded.as_of,
    found = excluded.found,
    missed = excluded.missed,
    observations = excluded.observations,
    units = excluded.units,
    xid = excluded.xid;

-- name: read_position_records
-- Reads the records of some positions.
SELECT
    r.sku, r.node, r.category, r.as_of, r.found, r.missed, r.moved, r.counted_at, r.variance, r.missed_at, r.missed_units, r.missed_by
FROM position_records AS r JOIN unnest($1::text[], $2::text[]) AS k (sku, node) USING (sku, node);

-- name: find_changed_misses
-- Finds the records of positions where units were ever missed, as far as transactions from a position on have written them.
SELECT sku, node, category, as_of, found, missed, moved, counted_at, variance, missed_at, missed_units, missed_by
FROM position_records WHERE missed > 0 AND xid >= $1::xid8 AND as_of >= $2;

-- name: write_position_records
-- Writes the records of positions, in sorted order.
INSERT INTO position_records (
    sku, node, category, as_of, found, missed, moved, counted_at, variance, missed_at, missed_units, missed_by, xid
)
SELECT
    sku, node, category, as_of, found, missed, moved, counted_at, variance, missed_at, missed_units, missed_by, pg_current_xact_id()
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::float8[], $6::float8[], $7::bigint[], $8::timestamptz[], $9::bigint[],
    $10::timestamptz[], $11::bigint[], $12::text[]
) AS g (sku, node, category, as_of, found, missed, moved, counted_at, variance, missed_at, missed_units, missed_by)
ORDER BY sku, node
ON CONFLICT (sku, node) DO UPDATE SET
    category = excluded.category,
    as_of = excluded.as_of,
    found = excluded.found,
    missed = excluded.missed,
    moved = excluded.moved,
    counted_at = excluded.counted_at,
    variance = excluded.variance,
    missed_at = excluded.missed_at,
    missed_units = excluded.missed_units,
    missed_by = excluded.missed_by,
    xid = excluded.xid;
