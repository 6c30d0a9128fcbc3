-- name: read_order_digests
-- Reads which of some orders exist, and what tells their content from another.
SELECT order_id, digest FROM orders WHERE order_id = ANY($1::text[]);
