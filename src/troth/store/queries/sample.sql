-- name: lock_sample
-- Waits until no other process loads a sample into this database; held by the session.
SELECT pg_advisory_lock(7308332127834770);

-- name: is_empty
-- Says whether nobody has put anything into this database yet.
SELECT NOT EXISTS (SELECT FROM nodes) AND NOT EXISTS (SELECT FROM items) AND NOT EXISTS (SELECT FROM orders);
