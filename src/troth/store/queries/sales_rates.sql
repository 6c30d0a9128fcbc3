-- name: read_sales_rates
-- Reads what nodes sell of some SKUs.
SELECT sku, node, weekly_units, weekly_deviation, lead_days FROM sales_rates WHERE sku = ANY($1::text[]);
