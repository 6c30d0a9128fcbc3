-- name: read_node_feeds
-- Reads the newest feed of each node that had any.
SELECT node, as_of, feed, reference FROM node_feeds ORDER BY node;

-- name: write_node_feeds
-- Keeps a feed as the newest of some nodes, unless a newer one is known.
INSERT INTO node_feeds AS n (node, as_of, feed, reference)
SELECT node, $2, $3, $4 FROM unnest($1::text[]) AS u (node) ORDER BY node
ON CONFLICT (node) DO UPDATE SET as_of = excluded.as_of, feed = excluded.feed, reference = excluded.reference
WHERE n.as_of < excluded.as_of;
