-- name: read_sales_rates
-- Reads what nodes sell of some SKUs.
SELECT sku, node, weekly_units, weekly_deviation, lead_days FROM sales_rates WHERE sku = ANY($1::text[]);

-- name: write_sales_rates
-- Creates or replaces sales rates; one that is so already is not touched. Gives how many were.
WITH written AS (
    INSERT INTO sales_rates AS r (sku, node, weekly_units, weekly_deviation, lead_days, changed_at)
    SELECT sku, node, weekly_units, weekly_deviation, lead_days, $6
    FROM unnest($1::text[], $2::text[], $3::float8[], $4::float8[], $5::float8[]) AS g (
        sku, node, weekly_units, weekly_deviation, lead_days
    )
    ORDER BY sku, node
    ON CONFLICT (sku, node) DO UPDATE
    SET weekly_units = excluded.weekly_units,
        weekly_deviation = excluded.weekly_deviation,
        lead_days = excluded.lead_days,
        changed_at = excluded.changed_at
    WHERE (r.weekly_units, r.weekly_deviation, r.lead_days)
        IS DISTINCT FROM (excluded.weekly_units, excluded.weekly_deviation, excluded.lead_days)
    RETURNING sku
)
SELECT count(*) AS written FROM written;

-- name: find_sales_rates
-- Finds a page of sales rates of some SKUs and nodes (null: any), after the one given.
SELECT sku, node, weekly_units, weekly_deviation, lead_days, changed_at
FROM sales_rates
WHERE ($1::text[] IS NULL OR sku = ANY($1))
    AND ($2::text[] IS NULL OR node = ANY($2))
    AND ($3::text IS NULL OR (sku, node) > ($3, $4::text))
ORDER BY sku, node LIMIT $5;
