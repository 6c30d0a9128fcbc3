-- name: read_reference_versions
-- Reads how often each family of reference data was changed.
SELECT family, version FROM reference_versions;

-- name: bump_reference_version
-- Says that a family of reference data has changed.
INSERT INTO reference_versions AS r (family, version) VALUES ($1, 1)
ON CONFLICT (family) DO UPDATE SET version = r.version + 1;

-- name: read_nodes
-- Reads all nodes.
SELECT node, version, document FROM nodes ORDER BY node;

-- name: find_nodes
-- Finds a page of nodes by type and text (null: any), after the one given.
SELECT node, version, document FROM nodes
WHERE ($1::text IS NULL OR type = $1)
    AND ($2::text IS NULL OR node LIKE $2 || '%' OR document ->> 'name' ILIKE '%' || $2 || '%')
    AND ($3::text IS NULL OR node > $3)
ORDER BY node LIMIT $4;

-- name: read_node
-- Reads one node.
SELECT node, version, document FROM nodes WHERE node = $1;

-- name: lock_node
-- Reads one node and keeps others from changing it meanwhile.
SELECT node, version, document FROM nodes WHERE node = $1 FOR UPDATE;

-- name: write_nodes
-- Creates or replaces nodes.
INSERT INTO nodes AS n (node, version, type, document, changed_at)
SELECT node, 1, type, document, $4 FROM unnest($1::text[], $2::text[], $3::json[]) AS r (node, type, document)
ON CONFLICT (node) DO UPDATE
SET version = n.version + 1, type = excluded.type, document = excluded.document, changed_at = excluded.changed_at
RETURNING node, version;

-- name: read_items
-- Reads some items.
SELECT sku, version, document FROM items WHERE sku = ANY($1::text[]);

-- name: find_items
-- Finds a page of items by category and text (null: any), after the one given.
SELECT sku, version, document FROM items
WHERE ($1::text IS NULL OR category = $1)
    AND ($2::text IS NULL OR sku LIKE $2 || '%' OR gtin = $2 OR lower(name) LIKE '%' || lower($2) || '%')
    AND ($3::text IS NULL OR sku > $3)
ORDER BY sku LIMIT $4;

-- name: find_items_by_code
-- Finds the items that have one of some codes: as their SKU, their GTIN, or another code that they are scanned as.
SELECT sku, version, document FROM items
WHERE sku = ANY($1::text[]) OR (gtin = ANY($1) AND gtin <> '') OR (document::jsonb -> 'barcodes') ?| $1
ORDER BY sku LIMIT $2;

-- name: lock_item
-- Reads one item and keeps others from changing it meanwhile.
SELECT sku, version, document FROM items WHERE sku = $1 FOR UPDATE;

-- name: write_items
-- Creates or replaces items.
INSERT INTO items AS i (sku, version, name, category, gtin, document, changed_at)
SELECT sku, 1, name, category, gtin, document, $6
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::json[]) AS r (sku, name, category, gtin, document)
ON CONFLICT (sku) DO UPDATE
SET version = i.version + 1,
    name = excluded.name,
    category = excluded.category,
    gtin = excluded.gtin,
    document = excluded.document,
    changed_at = excluded.changed_at
RETURNING sku, version;

-- name: read_purchase_order
-- Reads a purchase order as it was last set.
SELECT number, version, document FROM purchase_orders WHERE number = $1;

-- name: write_purchase_order
-- Creates or replaces a purchase order's document.
INSERT INTO purchase_orders AS p (number, version, document, changed_at) VALUES ($1, 1, $2, $3)
ON CONFLICT (number) DO UPDATE SET version = p.version + 1, document = excluded.document, changed_at = excluded.changed_at
RETURNING version;

-- name: find_purchase_orders
-- Finds a page of purchase orders, after the one given.
SELECT number, version, document FROM purchase_orders WHERE ($1::text IS NULL OR number > $1) ORDER BY number LIMIT $2;

-- name: find_expected_supplies
-- Finds the supplies that stand for the lines of a purchase order.
SELECT sku, node, source, on_hand, reserved, deficit, expected_at, expires_on FROM balances
WHERE sku = ANY($1::text[]) AND starts_with(source, $2);
