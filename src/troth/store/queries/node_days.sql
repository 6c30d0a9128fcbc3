-- name: read_node_days
-- Reads what limited nodes have promised of their days from one on; of all nodes where none is named.
SELECT node, day, shift, used FROM node_days
WHERE day >= $1 AND ($2::text[] IS NULL OR node = ANY($2))
ORDER BY node, day, shift;

-- name: find_moved_node_days
-- Finds the days of nodes, from one on, that transactions since a position have moved, as they now are.
SELECT node, day, shift, used FROM node_days WHERE day >= $1 AND xid >= $2::xid8 ORDER BY node, day, shift;
