-- name: lock_backordered
-- Locks the supplies that a batch moves and all dated ones of some SKUs, in sorted order.
WITH wanted AS (
    SELECT sku, node, source FROM unnest($1::text[], $2::text[], $3::text[]) AS w (sku, node, source)
    UNION
    SELECT sku, node, source FROM balances WHERE sku = ANY($4::text[]) AND expected_at IS NOT NULL
)
SELECT count(*) FROM (
    SELECT b.sku FROM balances AS b JOIN wanted AS w USING (sku, node, source)
    ORDER BY b.sku, b.node, b.source
    FOR UPDATE OF b
) AS locked;

-- name: read_backordered
-- Reads how many units of some SKUs are reserved of what is still to come.
SELECT sku, sum(reserved)::bigint AS units FROM balances
WHERE sku = ANY($1::text[]) AND expected_at IS NOT NULL GROUP BY sku;
