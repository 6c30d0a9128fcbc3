-- name: try_watching_levels
-- Takes the right to watch levels of stock, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834795);

-- name: find_moved_skus
-- Finds the SKUs of which something moved among the next entries after a position, how many entries that were, and the last of them.
WITH next AS MATERIALIZED (
    SELECT xid, seq, sku FROM entries
    WHERE (xid, seq) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, seq
    LIMIT $3
)
SELECT
    array_agg(DISTINCT sku) AS skus, count(*) AS entries,
    (SELECT n.xid FROM next AS n ORDER BY n.xid DESC, n.seq DESC LIMIT 1) AS xid,
    (SELECT n.seq FROM next AS n ORDER BY n.xid DESC, n.seq DESC LIMIT 1) AS seq
FROM next;

-- name: find_kits_of
-- Finds the kits that have some SKUs among their components.
SELECT DISTINCT i.sku
FROM items AS i CROSS JOIN LATERAL json_array_elements(i.document -> 'kit') AS part
WHERE coalesce(json_array_length(i.document -> 'kit'), 0) > 0 AND part ->> 0 = ANY($1::text[]);

-- name: read_stock_levels
-- Reads the levels of some SKUs.
SELECT sku, channel, node, level, available, changed_at FROM stock_levels WHERE sku = ANY($1::text[]) ORDER BY sku, channel, node;

-- name: write_stock_levels
-- Writes levels as they now are.
INSERT INTO stock_levels (sku, channel, node, level, available, changed_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[])
ON CONFLICT (sku, channel, node)
DO UPDATE SET level = excluded.level, available = excluded.available, changed_at = excluded.changed_at, xid = pg_current_xact_id();

-- name: find_changed_levels
-- Reads the levels that were written since a transaction, and the transaction from which to read on.
SELECT s.sku, s.channel, s.node, s.level, h.horizon
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon) AS h
LEFT JOIN stock_levels AS s ON s.xid >= $1::xid8;
