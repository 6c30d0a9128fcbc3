-- name: find_total_differences
-- Finds orders whose total is not what their lines, charges, substitutes and delivery come to, computed here and not by the code that wrote it; at most some, with how many there are.
-- Halves are rounded up; what is canceled is not owed, and the delivery of an order of which nothing is wanted neither.
WITH wanted AS (
    SELECT
        o.order_id, l.line_id, l.quantity - l.canceled_quantity AS units, l.unit_price_minor::numeric AS price,
        power(10::numeric, coalesce((l.terms ->> 'decimals')::integer, 0)) AS scale, l.terms, l.charges,
        coalesce((o.charges ->> 'prices_include_tax')::boolean, false) AS includes_tax
    FROM orders AS o JOIN order_lines AS l USING (order_id)
),
substituted AS (
    SELECT w.order_id, w.line_id, s.value ->> 0 AS sku, (s.value ->> 1)::numeric AS delta, w.scale
    FROM wanted AS w, json_array_elements(w.terms -> 'substituted') AS s
    WHERE w.terms IS NOT NULL
),
more AS (
    SELECT m.order_id, m.line_id, sum(m.minor) AS minor
    FROM (
        SELECT s.order_id, s.line_id, floor(s.delta * sum(a.quantity) / s.scale + 0.5) AS minor
        FROM substituted AS s JOIN allocations AS a
            ON a.order_id = s.order_id AND a.line_id = s.line_id AND a.sku = s.sku AND a.state <> ALL($1::text[])
        GROUP BY s.order_id, s.line_id, s.sku, s.delta, s.scale
    ) AS m
    GROUP BY m.order_id, m.line_id
),
priced AS (
    SELECT
        w.order_id, w.line_id, floor(w.price * w.units / w.scale + 0.5) AS price,
        coalesce(
            floor(
                ((w.charges ->> 'discount_minor')::numeric + (w.charges ->> 'order_discount_minor')::numeric) * w.units
                / (w.charges ->> 'units')::numeric + 0.5
            ),
            0
        ) AS discount,
        CASE WHEN w.charges IS NULL OR w.includes_tax THEN 0
            ELSE floor((w.charges ->> 'tax_minor')::numeric * w.units / (w.charges ->> 'units')::numeric + 0.5)
        END AS tax
    FROM wanted AS w
),
owed AS (
    SELECT p.order_id, greatest(0, p.price - least(p.discount, p.price) + p.tax + coalesce(m.minor, 0)) AS minor
    FROM priced AS p LEFT JOIN more AS m USING (order_id, line_id)
    UNION ALL
    SELECT
        o.order_id,
        (d.charge ->> 'amount_minor')::numeric - (d.charge ->> 'discount_minor')::numeric
        + CASE WHEN (o.charges ->> 'prices_include_tax')::boolean THEN 0 ELSE (d.charge ->> 'tax_minor')::numeric END
    FROM orders AS o, LATERAL (SELECT o.charges -> 'delivery_charge' AS charge) AS d
    WHERE json_typeof(d.charge) = 'object'
        AND EXISTS (SELECT FROM order_lines AS l WHERE l.order_id = o.order_id AND l.canceled_quantity < l.quantity)
),
derived AS (
    SELECT order_id, sum(minor)::bigint AS minor FROM owed GROUP BY order_id
)
SELECT o.order_id, o.total_minor, d.minor AS derived_minor, o.currency, count(*) OVER () AS differences
FROM orders AS o JOIN derived AS d USING (order_id)
WHERE o.total_minor <> d.minor
ORDER BY o.order_id LIMIT $2;
