-- name: make_tracking_secret
-- Makes the secret of tracking links, where there is none yet.
INSERT INTO tracking_secrets (secret, made_at) SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM tracking_secrets);

-- name: read_tracking_secret
-- Reads the secret of tracking links, the first that was made.
SELECT secret FROM tracking_secrets ORDER BY made_at, secret LIMIT 1;

-- name: read_tracking_link
-- Reads which link of an order counts; no row where it is the first.
SELECT number, is_open FROM tracking_links WHERE order_id = $1;

-- name: move_tracking_link
-- Lets the next link of an order count in place of all before it, or none where it is not open.
INSERT INTO tracking_links (order_id, number, is_open, changed_at, changed_by)
VALUES ($1, 2, $2, $3, $4)
ON CONFLICT (order_id) DO UPDATE SET
    number = tracking_links.number + 1,
    is_open = excluded.is_open,
    changed_at = excluded.changed_at,
    changed_by = excluded.changed_by
RETURNING number, is_open;
