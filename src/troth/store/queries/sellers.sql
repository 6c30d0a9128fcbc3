-- name: sum_seller_credits
-- Sums what nodes sold of the orders captured from an instant to another, by who sold it; of one node where one is named.
SELECT
    o.attributes ->> 'seller_node' AS node,
    coalesce(o.attributes ->> 'seller', '') AS seller,
    o.currency,
    count(*) AS orders,
    count(*) FILTER (WHERE o.status = 'canceled') AS canceled,
    count(*) FILTER (
        WHERE EXISTS (
            SELECT FROM fulfillments AS f
            WHERE f.order_id = o.order_id AND f.node <> o.attributes ->> 'seller_node' AND f.status <> 'canceled'
        )
    ) AS sent_by_others,
    sum(o.total_minor)::bigint AS total_minor
FROM orders AS o
WHERE (o.attributes ->> 'seller_node') IS NOT NULL AND o.captured_at >= $1 AND o.captured_at < $2
    AND ($3::text IS NULL OR o.attributes ->> 'seller_node' = $3)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
