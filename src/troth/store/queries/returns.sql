-- name: write_returns
-- Writes returns of orders as they now are; those that are there already keep what never changes of them.
INSERT INTO returns (
    order_id, return_id, number, state, kind, method, node, channel, customer_id, customer_email, skus, tracking_number, units,
    is_waiting, is_refund_held, is_without_receipt, credited_minor, due_minor, opened_at, expires_at, body
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21::json)
ON CONFLICT (order_id, return_id) DO UPDATE SET
    state = excluded.state,
    node = excluded.node,
    skus = excluded.skus,
    tracking_number = excluded.tracking_number,
    units = excluded.units,
    is_waiting = excluded.is_waiting,
    is_refund_held = excluded.is_refund_held,
    credited_minor = excluded.credited_minor,
    due_minor = excluded.due_minor,
    body = excluded.body;

-- name: find_returns
-- Finds a page of returns, newest first, after the position given; every filter that is null is no filter. A node's are those that go there and those that came there.
SELECT r.order_id, r.return_id, r.opened_at
FROM returns AS r
WHERE ($1::text[] IS NULL OR r.state = ANY($1))
    AND (
        $2::text[] IS NULL OR r.node = ANY($2)
        OR EXISTS (SELECT FROM json_array_elements(r.body -> 'received') AS g WHERE g ->> 'node' = ANY($2))
    )
    AND ($3::text[] IS NULL OR r.customer_id = ANY($3))
    AND ($4::text IS NULL OR r.order_id = $4)
    AND ($5::text IS NULL OR $5 = ANY(r.skus))
    AND ($6::text IS NULL OR r.return_id = upper($6) OR r.order_id = upper($6) OR r.tracking_number = $6 OR lower(r.customer_email) = lower($6))
    AND ($7::boolean IS NULL OR r.is_waiting = $7)
    AND ($8::boolean IS NULL OR r.is_refund_held = $8)
    AND ($9::timestamptz IS NULL OR (r.opened_at, r.return_id) < ($9, $10::text))
ORDER BY r.opened_at DESC, r.return_id DESC
LIMIT $11;

-- name: find_due_returns
-- Finds the permits that nobody used in time, the longest over first.
SELECT order_id, return_id FROM returns
WHERE state = 'announced' AND expires_at <= $1
ORDER BY expires_at, return_id LIMIT $2;

-- name: read_return_history
-- Reads what a customer returned and ordered since an instant: by their id in the channel, or by their mail address.
SELECT
    count(*) AS returns,
    coalesce(sum(r.units), 0)::bigint AS units_returned,
    coalesce(sum(r.credited_minor), 0)::bigint AS value_minor,
    count(*) FILTER (WHERE r.is_without_receipt) AS without_receipt,
    (
        SELECT coalesce(sum(l.quantity - l.canceled_quantity), 0)::bigint
        FROM orders AS o JOIN order_lines AS l USING (order_id)
        WHERE o.captured_at >= $4
            AND (($2::text <> '' AND o.channel = $1 AND o.customer_id = $2) OR ($3::text <> '' AND lower(o.customer_email) = lower($3)))
    ) AS units_ordered
FROM returns AS r
WHERE r.opened_at >= $4 AND r.state <> 'canceled'
    AND (($2::text <> '' AND r.channel = $1 AND r.customer_id = $2) OR ($3::text <> '' AND lower(r.customer_email) = lower($3)));

-- name: find_orders_to_return
-- Finds orders of which something has left for the customer, newest first, by what the customer knows of them; every filter that is null is no filter.
SELECT o.order_id
FROM orders AS o
WHERE o.captured_at >= $1 AND o.captured_at < $2
    AND o.status IN ('partially_shipped', 'shipped', 'delivered', 'exception', 'backordered')
    AND ($3::text IS NULL OR lower(o.customer_email) = lower($3))
    AND ($4::text IS NULL OR regexp_replace(o.customer_phone, '[^0-9]', '', 'g') = regexp_replace($4, '[^0-9]', '', 'g'))
    AND ($5::text IS NULL OR lower(o.customer_name) = lower($5))
    AND ($6::text IS NULL OR upper(replace(o.ship_to ->> 'postcode', ' ', '')) = upper(replace($6, ' ', '')))
    AND ($7::text IS NULL OR EXISTS (SELECT FROM allocations AS a WHERE a.order_id = o.order_id AND a.sku = $7 AND a.state IN ('shipped', 'delivered', 'collected')))
    AND ($8::text[] IS NULL OR o.order_id = ANY($8))
    AND ($9::text[] IS NULL OR o.customer_id = ANY($9))
ORDER BY o.captured_at DESC, o.order_id DESC
LIMIT $10;

-- name: find_orders_of_serial
-- Finds the orders with which a serial was sent, of any SKU.
SELECT DISTINCT order_id FROM serials WHERE serial = $1 ORDER BY order_id LIMIT 20;
