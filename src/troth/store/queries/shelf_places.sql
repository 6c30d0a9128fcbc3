-- name: read_shelf_places
-- Reads where some SKUs lie at a node.
SELECT sku, place FROM shelf_places WHERE sku = ANY($1::text[]) AND node = $2;

-- name: write_shelf_places
-- Creates, replaces and (where the place is empty) removes shelf places; one that is so already is not touched. Gives how many were.
WITH given AS (
    SELECT sku, node, place FROM unnest($1::text[], $2::text[], $3::text[]) AS g (sku, node, place)
),
removed AS (
    DELETE FROM shelf_places AS s USING given AS g
    WHERE s.sku = g.sku AND s.node = g.node AND g.place = ''
    RETURNING s.sku
),
written AS (
    INSERT INTO shelf_places AS s (sku, node, place, changed_at)
    SELECT sku, node, place, $4 FROM given WHERE place <> '' ORDER BY sku, node
    ON CONFLICT (sku, node) DO UPDATE SET place = excluded.place, changed_at = excluded.changed_at
    WHERE s.place <> excluded.place
    RETURNING s.sku
)
SELECT (SELECT count(*) FROM removed) + (SELECT count(*) FROM written) AS written;

-- name: find_shelf_places
-- Finds a page of shelf places of some SKUs and nodes (null: any), after the one given.
SELECT sku, node, place, changed_at
FROM shelf_places
WHERE ($1::text[] IS NULL OR sku = ANY($1))
    AND ($2::text[] IS NULL OR node = ANY($2))
    AND ($3::text IS NULL OR (sku, node) > ($3, $4::text))
ORDER BY sku, node LIMIT $5;
