-- name: read_node_days
-- Reads what limited nodes have promised of their days from one on; of all nodes where none is named.
SELECT node, day, shift, used FROM node_days
WHERE day >= $1 AND ($2::text[] IS NULL OR node = ANY($2))
ORDER BY node, day, shift;

-- name: find_moved_node_days
-- Finds the days of nodes, from one on, that transactions since a position have moved, as they now are.
SELECT node, day, shift, used FROM node_days WHERE day >= $1 AND xid >= $2::xid8 ORDER BY node, day, shift;

-- name: count_open_pickups
-- Counts, for some nodes, the pickups that are still to be made ready there by an instant; what is sent there first waits for its arrival.
SELECT node, count(*) AS orders FROM fulfillments
WHERE node = ANY($1::text[])
    AND status IN ('reserved', 'released', 'accepted', 'picked')
    AND ship_by < $2
    AND method IN ('pickup', 'curbside')
    AND via IS NULL
GROUP BY node;
