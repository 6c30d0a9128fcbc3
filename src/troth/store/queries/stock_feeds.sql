-- name: read_stock_feed
-- Reads how far a feed was taken in.
SELECT feed, reference, sequence, mode, as_of, rows_done, prefix_digest, is_whole, account, actor, started_at, changed_at
FROM stock_feeds WHERE feed = $1 AND reference = $2;

-- name: find_stock_feeds
-- Finds the newest feeds of a name, newest first, before a position.
SELECT feed, reference, sequence, mode, as_of, rows_done, prefix_digest, is_whole, account, actor, started_at, changed_at
FROM stock_feeds
WHERE feed = $1 AND ($2::timestamptz IS NULL OR (started_at, reference) < ($2, $3::text))
ORDER BY started_at DESC, reference DESC LIMIT $4;

-- name: read_newest_sequence
-- Reads the highest sequence of the positions of a feed that were taken in as a whole.
SELECT max(sequence) AS sequence FROM stock_feeds WHERE feed = $1 AND mode = 'positions' AND is_whole;

-- name: begin_stock_feed
-- Begins to take in a feed, unless that was begun already.
INSERT INTO stock_feeds (feed, reference, sequence, mode, as_of, rows_done, prefix_digest, is_whole, account, actor, started_at, changed_at)
VALUES ($1, $2, $3, $4, $5, 0, '', false, $6, $7, $8, $8)
ON CONFLICT DO NOTHING;

-- name: advance_stock_feed
-- Says how far a feed is taken in, if it is where whoever takes it in left it; gives whether it was.
UPDATE stock_feeds SET rows_done = $4, prefix_digest = $5, is_whole = $6, account = $7, changed_at = $8
WHERE feed = $1 AND reference = $2 AND rows_done = $3 AND NOT is_whole
RETURNING true AS is_ours;
