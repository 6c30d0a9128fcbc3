-- name: read_customers
-- Reads every customer whose terms are known.
SELECT customer_id, version, document FROM customers ORDER BY customer_id;

-- name: find_customers
-- Finds a page of customers by id or name (null: any), after the one given.
SELECT customer_id, version, document FROM customers
WHERE ($1::text IS NULL OR customer_id ILIKE $1 || '%' OR document ->> 'name' ILIKE '%' || $1 || '%')
    AND ($2::text IS NULL OR customer_id > $2)
    AND ($3::text[] IS NULL OR customer_id = ANY($3))
ORDER BY customer_id LIMIT $4;

-- name: read_customer
-- Reads one customer.
SELECT customer_id, version, document, unpaid_minor, unpaid_as_of FROM customers WHERE customer_id = $1;

-- name: write_customer
-- Creates or replaces a customer.
INSERT INTO customers AS c (customer_id, version, document, changed_at) VALUES ($1, 1, $2, $3)
ON CONFLICT (customer_id) DO UPDATE
SET version = c.version + 1, document = excluded.document, changed_at = excluded.changed_at
RETURNING version;

-- name: keep_routing_guide
-- Keeps a version of a routing guide under its name.
INSERT INTO routing_guides (guide, document, kept_at) VALUES ($1, $2, $3);

-- name: read_routing_guides
-- Reads all versions of all routing guides.
SELECT guide, document FROM routing_guides ORDER BY guide;

-- name: lock_customers
-- Keeps others from using these customers' credit meanwhile, in sorted order.
SELECT customer_id FROM customers WHERE customer_id = ANY($1::text[]) ORDER BY customer_id FOR UPDATE;

-- name: read_credits
-- Reads what customers may owe, and what is used of it.
SELECT
    c.customer_id, c.document, c.unpaid_minor,
    coalesce((SELECT sum(u.open_minor - u.held_minor) FROM credit_uses AS u WHERE u.customer_id = c.customer_id), 0)::bigint
        AS open_minor,
    coalesce((SELECT sum(u.held_minor) FROM credit_uses AS u WHERE u.customer_id = c.customer_id), 0)::bigint AS held_minor,
    coalesce(
        (
            SELECT sum(i.amount_minor) FROM credit_invoices AS i
            WHERE i.customer_id = c.customer_id AND (c.unpaid_as_of IS NULL OR i.invoiced_at > c.unpaid_as_of)
        ),
        0
    )::bigint AS invoiced_minor,
    coalesce(
        (
            SELECT sum(b.accepted_minor) FROM chargebacks AS b
            WHERE b.customer_id = c.customer_id AND b.state = 'accepted' AND b.currency = c.document ->> 'currency'
                AND (c.unpaid_as_of IS NULL OR b.decided_at > c.unpaid_as_of)
        ),
        0
    )::bigint AS charged_back_minor
FROM customers AS c WHERE c.customer_id = ANY($1::text[]) ORDER BY c.customer_id;

-- name: write_credit_uses
-- Writes what orders use of their customers' credit; what is settled leaves no row.
WITH used AS (
    SELECT customer_id, order_id, open_minor, held_minor
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS u (customer_id, order_id, open_minor, held_minor)
),
settled AS (
    DELETE FROM credit_uses AS c USING used AS u
    WHERE c.customer_id = u.customer_id AND c.order_id = u.order_id AND u.open_minor = 0
)
INSERT INTO credit_uses AS c (customer_id, order_id, open_minor, held_minor)
SELECT customer_id, order_id, open_minor, held_minor FROM used WHERE open_minor <> 0
ON CONFLICT (customer_id, order_id) DO UPDATE
SET open_minor = excluded.open_minor, held_minor = excluded.held_minor;

-- name: read_credit_paid
-- Reads what of some orders is paid by anything but an invoice, as far as their accounts are known.
SELECT order_id, paid_minor FROM credit_paid WHERE order_id = ANY($1::text[]) ORDER BY order_id;

-- name: write_credit_paid
-- Writes what of some orders is paid by anything but an invoice.
INSERT INTO credit_paid (order_id, paid_minor) SELECT * FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (order_id) DO UPDATE SET paid_minor = excluded.paid_minor;

-- name: append_credit_invoices
-- Appends by how much what orders owe for goods that left has grown.
INSERT INTO credit_invoices (customer_id, order_id, version, invoiced_at, amount_minor)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[], $5::bigint[])
ON CONFLICT DO NOTHING;

-- name: tell_balance
-- Sets what a customer has left unpaid of all that was invoiced until an instant, unless something later was told.
UPDATE customers SET unpaid_minor = $2, unpaid_as_of = $3
WHERE customer_id = $1 AND (unpaid_as_of IS NULL OR unpaid_as_of <= $3)
RETURNING version;

-- name: find_orders_of_customer
-- Finds the orders of a customer of which something is still to leave or left since an instant (null: ever).
SELECT order_id FROM orders WHERE customer_id = $1 AND canceled_at IS NULL ORDER BY order_id;

-- name: find_orders_held_for_credit
-- Finds orders on hold for want of credit, those that were held first first.
SELECT o.order_id FROM holds AS h JOIN orders AS o USING (order_id)
WHERE h.type = 'credit' AND h.state = 'placed' AND h.placed_by = $1
ORDER BY h.placed_at, o.order_id LIMIT $2;

-- name: delete_credit_uses
-- Deletes what was counted of a customer's credit, so that it can be counted anew.
WITH used AS (DELETE FROM credit_uses WHERE customer_id = $1)
DELETE FROM credit_invoices WHERE customer_id = $1;

-- name: find_credit_users
-- Finds the orders that count against a customer's credit or are held for want of it, those on hold first, then by what they count.
SELECT u.order_id, o.external_id, o.status, o.captured_at, u.open_minor, u.held_minor
FROM credit_uses AS u JOIN orders AS o USING (order_id)
WHERE u.customer_id = $1
ORDER BY u.held_minor > 0 DESC, u.open_minor DESC, u.order_id LIMIT $2;

-- name: read_counted
-- Reads what is counted of a customer's credit, by order.
SELECT
    order_id, coalesce(u.open_minor, 0) AS open_minor, coalesce(u.held_minor, 0) AS held_minor,
    coalesce(i.invoiced_minor, 0) AS invoiced_minor
FROM (SELECT order_id, open_minor, held_minor FROM credit_uses WHERE customer_id = $1) AS u
FULL JOIN (
    SELECT order_id, sum(amount_minor)::bigint AS invoiced_minor FROM credit_invoices WHERE customer_id = $1 GROUP BY order_id
) AS i USING (order_id)
ORDER BY order_id;
