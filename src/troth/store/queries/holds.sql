-- name: write_hold_terms
-- Writes the terms of holds, and when they were handed on.
UPDATE holds AS h SET terms = t.terms, escalated_at = t.escalated_at
FROM unnest($1::text[], $2::text[], $3::json[], $4::timestamptz[]) AS t (order_id, hold_id, terms, escalated_at)
WHERE h.order_id = t.order_id AND h.hold_id = t.hold_id;

-- name: read_customer_history
-- Reads what is known of a customer's other orders, the newest thousand: how many, whether one went to an address, and how many since an instant want exactly some goods.
SELECT
    count(*) AS orders,
    coalesce(bool_or(
        lower(o.ship_to ->> 'postcode') = lower($4::text) AND lower(o.ship_to ->> 'line1') = lower($5::text)
        AND o.ship_to ->> 'country' = $6::text
    ), false) AS knows_address,
    count(*) FILTER (WHERE o.captured_at >= $7 AND o.canceled_at IS NULL AND (
        SELECT string_agg(l.sku || ' ' || l.quantity, ',' ORDER BY l.sku, l.quantity)
        FROM order_lines AS l WHERE l.order_id = o.order_id
    ) = $8::text) AS same_orders
FROM (
    (
        SELECT order_id, captured_at, canceled_at, ship_to FROM orders
        WHERE customer_id = $2::text AND customer_id <> '' AND order_id <> $1
        ORDER BY captured_at DESC LIMIT 1000
    )
    UNION ALL
    (
        SELECT order_id, captured_at, canceled_at, ship_to FROM orders
        WHERE $2 = '' AND lower(customer_email) = lower($3::text) AND customer_email <> '' AND order_id <> $1
        LIMIT 1000
    )
) AS o;
