-- name: lock_cart_holds
-- Locks holds of carts, in sorted order, and reads them.
SELECT hold_id, channel, state, held_at, expires_at, skus, nodes, sources, quantities, customer_id, days, draws
FROM cart_holds WHERE hold_id = ANY($1::text[]) ORDER BY hold_id FOR UPDATE;

-- name: read_cart_hold
-- Reads the hold of a cart.
SELECT hold_id, channel, state, held_at, expires_at, skus, nodes, sources, quantities, customer_id, days, draws
FROM cart_holds WHERE hold_id = $1;

-- name: read_cart_holds_of_customers
-- Reads what carts of some customers keep at an instant.
SELECT c.hold_id, c.channel, c.state, c.held_at, c.expires_at, c.skus, c.nodes, c.sources, c.quantities, c.customer_id, c.days, c.draws
FROM cart_holds AS c JOIN unnest($1::text[], $2::text[]) AS w (channel, customer_id) USING (channel, customer_id)
WHERE c.state = 'held' AND c.customer_id <> '' AND c.expires_at > $3;

-- name: write_cart_hold
-- Writes the hold of a cart, new or changed.
INSERT INTO cart_holds (hold_id, channel, state, held_at, expires_at, skus, nodes, sources, quantities, customer_id, days, draws)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (hold_id) DO UPDATE SET
    state = excluded.state,
    held_at = excluded.held_at,
    expires_at = excluded.expires_at,
    skus = excluded.skus,
    nodes = excluded.nodes,
    sources = excluded.sources,
    quantities = excluded.quantities,
    customer_id = excluded.customer_id,
    days = excluded.days,
    draws = excluded.draws;

-- name: find_due_cart_holds
-- Finds the holds of carts whose time is over, the longest overdue first.
SELECT hold_id FROM cart_holds WHERE state = 'held' AND expires_at <= $1 ORDER BY expires_at, hold_id LIMIT $2;

-- name: find_overdue_cart_holds
-- Finds the holds of carts whose time is over and that keep any of some SKUs, or draw from quotas where that is asked, the longest overdue first.
SELECT hold_id FROM cart_holds
WHERE state = 'held' AND expires_at <= $1 AND (skus && $2::text[] OR ($3 AND draws IS NOT NULL))
ORDER BY expires_at, hold_id LIMIT $4;

-- name: delete_old_cart_holds
-- Forgets holds of carts that ended before an instant; the log keeps what happened to them.
DELETE FROM cart_holds WHERE state <> 'held' AND expires_at < $1;
