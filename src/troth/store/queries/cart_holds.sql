-- name: lock_cart_holds
-- Locks holds of carts, in sorted order, and reads them.
SELECT hold_id, channel, state, held_at, expires_at, skus, nodes, sources, quantities
FROM cart_holds WHERE hold_id = ANY($1::text[]) ORDER BY hold_id FOR UPDATE;

-- name: read_cart_hold
-- Reads the hold of a cart.
SELECT hold_id, channel, state, held_at, expires_at, skus, nodes, sources, quantities FROM cart_holds WHERE hold_id = $1;

-- name: write_cart_hold
-- Writes the hold of a cart, new or changed.
INSERT INTO cart_holds (hold_id, channel, state, held_at, expires_at, skus, nodes, sources, quantities)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (hold_id) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at;

-- name: find_due_cart_holds
-- Finds the holds of carts whose time is over, the longest overdue first.
SELECT hold_id FROM cart_holds WHERE state = 'held' AND expires_at <= $1 ORDER BY expires_at, hold_id LIMIT $2;

-- name: delete_old_cart_holds
-- Forgets holds of carts that ended before an instant; the log keeps what happened to them.
DELETE FROM cart_holds WHERE state <> 'held' AND expires_at < $1;
