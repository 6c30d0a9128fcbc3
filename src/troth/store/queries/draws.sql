-- name: create_draws
-- Creates the counts that do not exist yet, at nothing.
INSERT INTO draws (sku, rule, node, holder, period, used)
SELECT sku, rule, node, holder, period, 0
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS d (sku, rule, node, holder, period)
ORDER BY sku, rule, node, holder, period
ON CONFLICT DO NOTHING;

-- name: read_draws
-- Reads what is counted by some rules.
SELECT sku, rule, node, holder, period, used FROM draws WHERE rule = ANY($1::text[]);

-- name: find_moved_draws
-- Finds the counts that transactions since a position have moved, as they now are.
SELECT sku, rule, node, holder, period, used FROM draws WHERE xid >= $1::xid8;

-- name: find_draw_differences
-- Finds counts that are not what the parts of orders and carts take, at most some, with how many there are.
WITH takes AS (
    SELECT d.sku, d.rule, d.node, d.holder, d.period, a.quantity AS units
    FROM allocations AS a,
        json_to_recordset(a.draws) AS d (sku text, rule text, node text, holder text, period text)
    WHERE a.draws IS NOT NULL AND NOT a.state = ANY($1::text[])
    UNION ALL
    SELECT d.sku, d.rule, d.node, d.holder, d.period, (w.value ->> 1)::bigint
    FROM cart_holds AS c,
        json_array_elements(c.draws) AS w,
        json_to_record(w.value -> 0) AS d (sku text, rule text, node text, holder text, period text)
    WHERE c.draws IS NOT NULL AND c.state = 'held'
),
taken AS (
    SELECT sku, rule, node, holder, period, sum(units)::bigint AS units FROM takes GROUP BY sku, rule, node, holder, period
)
SELECT
    sku, rule, node, holder, period, coalesce(c.used, 0) AS used, coalesce(t.units, 0) AS taken,
    count(*) OVER () AS differences
FROM draws AS c FULL JOIN taken AS t USING (sku, rule, node, holder, period)
WHERE coalesce(c.used, 0) <> coalesce(t.units, 0)
ORDER BY sku, rule, node, holder, period LIMIT $2;
