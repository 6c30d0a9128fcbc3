-- name: read_node_switches
-- Reads which nodes are switched off at an instant.
SELECT node, reason, since, until, switched_by FROM node_switches WHERE until IS NULL OR until > $1 ORDER BY node;

-- name: write_node_switch
-- Switches a node off, or off for other reasons or another time.
INSERT INTO node_switches AS s (node, reason, since, until, switched_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (node) DO UPDATE SET
    reason = excluded.reason, since = excluded.since, until = excluded.until, switched_by = excluded.switched_by;

-- name: delete_node_switch
-- Switches a node on again; no row where it was.
DELETE FROM node_switches WHERE node = $1 RETURNING node;
