-- name: claim_node_files
-- Claims the folders of some nodes whose turn it is and that nobody else is at; one that is new begins behind what its node has acknowledged.
INSERT INTO node_files AS f (node, written, claimed_until, attempt_at)
SELECT
    g.node,
    coalesce(
        (SELECT min(m.number) - 1 FROM node_messages AS m WHERE m.node = g.node AND m.acknowledged_at IS NULL),
        (SELECT n.number FROM node_message_numbers AS n WHERE n.node = g.node),
        0
    ),
    now() + make_interval(secs => $2), now()
FROM unnest($1::text[]) AS g (node) ORDER BY g.node
ON CONFLICT (node) DO UPDATE SET claimed_until = excluded.claimed_until
    WHERE f.attempt_at <= now() AND (f.claimed_until IS NULL OR f.claimed_until < now())
RETURNING node, written, writing, failures, claimed_until;

-- name: begin_node_file
-- Writes up to which message a file is written now, as long as the claim holds.
UPDATE node_files SET writing = $3 WHERE node = $1 AND claimed_until = $2 RETURNING node;

-- name: note_node_file
-- Writes that all messages up to a number are in files, as long as the claim holds.
UPDATE node_files SET written = $3, writing = NULL, wrote_at = now() WHERE node = $1 AND claimed_until = $2 RETURNING node;

-- name: free_node_files
-- Gives the claim on a folder back: when it is its turn again, and how it went; whether files were read.
UPDATE node_files
SET claimed_until = NULL,
    attempt_at = now() + make_interval(secs => $3),
    failures = $4,
    last_error = $5,
    read_at = CASE WHEN $6::boolean THEN now() ELSE read_at END
WHERE node = $1 AND claimed_until = $2;

-- name: read_node_files
-- Reads how the folder of a node was last.
SELECT node, written, attempt_at, failures, last_error, wrote_at, read_at FROM node_files WHERE node = $1;
