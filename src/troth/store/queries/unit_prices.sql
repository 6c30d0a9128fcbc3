-- name: lock_price_set
-- Reads a set of unit prices by its version, and keeps others from changing it until the transaction ends.
SELECT set_id, made_at, finished_at, dropped_at, taken_back_at, lines FROM price_sets WHERE version = $1 FOR UPDATE;

-- name: look_up_price_set
-- Reads a set of unit prices by its version.
SELECT set_id, made_at, finished_at, dropped_at, taken_back_at, lines FROM price_sets WHERE version = $1;

-- name: begin_price_set
-- Begins a set of unit prices.
INSERT INTO price_sets (version, made_at, begun_at) VALUES ($1, $2, $3) RETURNING set_id;

-- name: finish_price_set
-- Finishes a set of unit prices, which changes no more.
UPDATE price_sets AS s
SET finished_at = $2, lines = (SELECT count(*) FROM unit_prices AS u WHERE u.set_id = s.set_id)
WHERE s.set_id = $1 AND s.finished_at IS NULL
RETURNING s.lines;

-- name: find_unknown_places
-- Finds the places (from 1) of pairs of a SKU and a node of which one is not there, and which.
SELECT g.place, i.sku IS NOT NULL AS has_item, n.node IS NOT NULL AS has_node
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS g (sku, node, place)
LEFT JOIN items AS i ON i.sku = g.sku
LEFT JOIN nodes AS n ON n.node = g.node
WHERE i.sku IS NULL OR n.node IS NULL
ORDER BY g.place LIMIT $3;

-- name: write_unit_prices
-- Writes lines of a set that is not finished; what was said of a SKU at a node before is replaced.
INSERT INTO unit_prices (set_id, sku, node, minor, markdown_minor, weekly_units)
SELECT $1, sku, node, minor, markdown_minor, weekly_units
FROM unnest($2::text[], $3::text[], $4::float8[], $5::float8[], $6::float8[]) AS g (sku, node, minor, markdown_minor, weekly_units)
ON CONFLICT (set_id, sku, node) DO UPDATE
SET minor = excluded.minor, markdown_minor = excluded.markdown_minor, weekly_units = excluded.weekly_units;

-- name: find_other_unit_prices
-- Finds the places (from 1) of lines that a set does not have as they are given.
SELECT g.place
FROM unnest($2::text[], $3::text[], $4::float8[], $5::float8[], $6::float8[]) WITH ORDINALITY AS g (
    sku, node, minor, markdown_minor, weekly_units, place
)
LEFT JOIN unit_prices AS p ON p.set_id = $1 AND p.sku = g.sku AND p.node = g.node
WHERE p.set_id IS NULL
    OR (p.minor, p.markdown_minor, p.weekly_units) IS DISTINCT FROM (g.minor, g.markdown_minor, g.weekly_units)
ORDER BY g.place;

-- name: read_price_set_in_force
-- Reads the set of unit prices that is in force: of those that are finished and not taken back the one that was made last.
SELECT set_id, version, made_at FROM price_sets
WHERE finished_at IS NOT NULL AND dropped_at IS NULL AND taken_back_at IS NULL
ORDER BY made_at DESC, set_id DESC LIMIT 1;

-- name: read_price_set
-- Reads a finished set of unit prices by its version; nothing where it was dropped.
SELECT set_id, version, made_at FROM price_sets WHERE version = $1 AND finished_at IS NOT NULL AND dropped_at IS NULL;

-- name: read_unit_prices
-- Reads what a set says of some SKUs.
SELECT sku, node, minor, markdown_minor, weekly_units FROM unit_prices WHERE set_id = $1 AND sku = ANY($2::text[]);

-- name: find_unit_prices
-- Finds a page of the lines of a set by SKU and node, of one SKU and at one node where they are given, after the line given.
SELECT sku, node, minor, markdown_minor, weekly_units FROM unit_prices
WHERE set_id = $1
    AND ($2::text IS NULL OR sku = $2)
    AND ($3::text IS NULL OR node = $3)
    AND ($4::text IS NULL OR (sku, node) > ($4, $5))
ORDER BY sku, node LIMIT $6;

-- name: take_back_price_set
-- Takes a set of unit prices back, which decides nothing from then on.
UPDATE price_sets SET taken_back_at = $2 WHERE set_id = $1 AND finished_at IS NOT NULL AND taken_back_at IS NULL;

-- name: find_price_sets
-- Finds a page of sets of unit prices, those made last first, after the one given.
SELECT set_id, version, made_at, finished_at, lines, taken_back_at FROM price_sets
WHERE dropped_at IS NULL AND ($1::timestamptz IS NULL OR (made_at, set_id) < ($1, $2::bigint))
ORDER BY made_at DESC, set_id DESC LIMIT $3;

-- name: drop_old_price_sets
-- Lets go of sets of unit prices: of finished ones made before the first instant that are not in force, and of those begun before the second and never finished.
UPDATE price_sets SET dropped_at = $3
WHERE dropped_at IS NULL
    AND (
        (finished_at IS NULL AND begun_at < $2)
        OR (
            made_at < $1
            AND finished_at IS NOT NULL
            AND set_id IS DISTINCT FROM (
                SELECT s.set_id FROM price_sets AS s
                WHERE s.finished_at IS NOT NULL AND s.dropped_at IS NULL AND s.taken_back_at IS NULL
                ORDER BY s.made_at DESC, s.set_id DESC LIMIT 1
            )
        )
    );

-- name: delete_dropped_unit_prices
-- Deletes some lines of sets that were dropped.
DELETE FROM unit_prices AS p
USING (
    SELECT u.set_id, u.sku, u.node FROM price_sets AS s JOIN unit_prices AS u ON u.set_id = s.set_id
    WHERE s.dropped_at IS NOT NULL LIMIT $1
) AS d
WHERE p.set_id = d.set_id AND p.sku = d.sku AND p.node = d.node;

-- name: delete_dropped_price_sets
-- Deletes sets that were dropped and of which no line is left.
DELETE FROM price_sets AS s
WHERE s.dropped_at IS NOT NULL AND NOT EXISTS (SELECT FROM unit_prices AS u WHERE u.set_id = s.set_id);

-- name: read_last_sales_change
-- Reads when what nodes sell of some SKUs changed last (null: nothing is known of it).
SELECT max(changed_at) FROM sales_rates WHERE sku = ANY($1::text[]);
