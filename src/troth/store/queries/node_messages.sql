-- name: try_following_node_work
-- Takes the right to tell nodes of their work, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834811);

-- name: wait_to_tell_nodes
-- Waits for the right to tell nodes of their work, until the transaction ends; it takes no transaction id before its turn comes, so that messages stand in the log in the order of their numbers.
SELECT pg_advisory_xact_lock(7308332127834811);

-- name: take_message_numbers
-- Takes so many numbers for messages to some nodes; gives the last taken of each.
INSERT INTO node_message_numbers AS n (node, number)
SELECT node, taken FROM unnest($1::text[], $2::bigint[]) AS g (node, taken) ORDER BY node
ON CONFLICT (node) DO UPDATE SET number = n.number + excluded.number
RETURNING node, number;

-- name: append_node_messages
-- Appends messages to nodes to the log, and where each stands there.
WITH given AS (
    SELECT node, number, kind, fulfillment_id, at, body
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::json[])
        AS g (node, number, kind, fulfillment_id, at, body)
),
appended AS (
    INSERT INTO events (subject, at, kind, version, body, actor, cause, policy_version)
    SELECT 'node:' || node, at, 'NodeTold', 1, body, $7, $8, '' FROM given ORDER BY node, number
    RETURNING subject, xid, seq, (body ->> 'number')::bigint AS number
)
INSERT INTO node_messages (node, number, kind, fulfillment_id, told_at, xid, seq)
SELECT g.node, g.number, g.kind, g.fulfillment_id, g.at, a.xid, a.seq
FROM given AS g JOIN appended AS a ON a.subject = 'node:' || g.node AND a.number = g.number;

-- name: read_node_messages
-- Reads the messages to a node after a number, in order, with their bodies.
SELECT m.node, m.number, m.acknowledged_at, m.acknowledged_by, m.refused_at, m.refused_why, e.body
FROM node_messages AS m JOIN events AS e ON e.xid = m.xid AND e.seq = m.seq
WHERE m.node = $1 AND m.number > $2 ORDER BY m.number LIMIT $3;

-- name: read_newest_node_messages
-- Reads the newest messages to a node, newest first, with their bodies.
SELECT m.node, m.number, m.acknowledged_at, m.acknowledged_by, m.refused_at, m.refused_why, e.body
FROM node_messages AS m JOIN events AS e ON e.xid = m.xid AND e.seq = m.seq
WHERE m.node = $1 ORDER BY m.number DESC LIMIT $2;

-- name: read_acknowledged_number
-- Reads up to which number a node has acknowledged all messages: that before the first that it has not.
SELECT coalesce(
    (SELECT min(number) - 1 FROM node_messages WHERE node = $1 AND acknowledged_at IS NULL),
    (SELECT number FROM node_message_numbers WHERE node = $1),
    0
) AS number;

-- name: acknowledge_node_messages
-- Writes that a node has acknowledged its messages up to a number, and those with some numbers; of what was acknowledged before nothing. Gives the work of each.
UPDATE node_messages SET acknowledged_at = $4, acknowledged_by = $5
WHERE node = $1 AND (number <= $2 OR number = ANY($3::bigint[])) AND acknowledged_at IS NULL
RETURNING number, fulfillment_id;

-- name: acknowledge_messages_about
-- Writes that a node knows of some works and has acknowledged all messages about them; of what was acknowledged before nothing. Gives the work of each message.
WITH told AS (
    UPDATE node_messages AS m SET acknowledged_at = $3, acknowledged_by = $4
    FROM (
        SELECT node, number FROM node_messages
        WHERE node = $1 AND fulfillment_id = ANY($2::text[]) AND acknowledged_at IS NULL
        ORDER BY number
        FOR UPDATE
    ) AS o
    WHERE m.node = o.node AND m.number = o.number
    RETURNING m.fulfillment_id
),
known AS (
    UPDATE node_works AS w SET acknowledged_at = $3, silent_since = NULL
    FROM (
        SELECT fulfillment_id FROM node_works
        WHERE node = $1 AND fulfillment_id = ANY($2) AND acknowledged_at IS NULL
        ORDER BY fulfillment_id
        FOR UPDATE
    ) AS o
    WHERE w.fulfillment_id = o.fulfillment_id
)
SELECT fulfillment_id FROM told;

-- name: acknowledge_delivered_messages
-- Writes that the messages at some positions of the log were taken by the node that they are for, unless only its answer counts; of what was acknowledged before nothing. Gives the work of each.
UPDATE node_messages AS m SET acknowledged_at = $4, acknowledged_by = $5
FROM unnest($2::xid8[], $3::bigint[]) AS d (xid, seq)
WHERE m.node = $1 AND m.xid = d.xid AND m.seq = d.seq AND m.acknowledged_at IS NULL
    AND NOT EXISTS (SELECT FROM nodes WHERE node = $1 AND document #>> '{link,acknowledged_by}' = 'answer')
RETURNING m.number, m.fulfillment_id;

-- name: acknowledge_node_works
-- Writes that a node knows of some work; of what it knew before nothing.
UPDATE node_works SET acknowledged_at = $3, silent_since = NULL WHERE node = $1 AND fulfillment_id = ANY($2::text[]) AND acknowledged_at IS NULL;

-- name: read_node_works
-- Reads what nodes were told last of some work.
SELECT fulfillment_id, order_id, node, number, units, digest, recall_id FROM node_works WHERE fulfillment_id = ANY($1::text[]);

-- name: write_node_works
-- Writes what nodes were told last of some work; by when it has to be answered stays where that was said before.
INSERT INTO node_works (fulfillment_id, order_id, node, number, units, digest, recall_id)
SELECT fulfillment_id, order_id, node, number, units, digest, recall_id
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
    AS g (fulfillment_id, order_id, node, number, units, digest, recall_id)
ORDER BY fulfillment_id
ON CONFLICT (fulfillment_id) DO UPDATE SET
    number = excluded.number,
    units = excluded.units,
    digest = excluded.digest,
    recall_id = excluded.recall_id;

-- name: await_node_works
-- Writes by when some work that a node was just told has to be acknowledged and shipped, and that it is not yet.
UPDATE node_works AS w
SET acknowledge_by = g.acknowledge_by, acknowledged_at = NULL, ship_within = g.ship_within, silent_since = NULL
FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS g (fulfillment_id, acknowledge_by, ship_within)
WHERE w.fulfillment_id = g.fulfillment_id;

-- name: forget_done_works
-- Writes of work that is over by the time when its node had to answer that no answer is awaited any more, so that only open work is looked at for silence.
UPDATE node_works AS w SET acknowledge_by = NULL, ship_within = NULL
FROM fulfillments AS f
WHERE w.units > 0 AND (w.ship_within < $1 OR (w.acknowledge_by < $1 AND w.acknowledged_at IS NULL))
    AND f.order_id = w.order_id AND f.fulfillment_id = w.fulfillment_id
    AND f.status NOT IN ('backordered', 'reserved', 'released', 'accepted', 'picked', 'packed', 'ready');

-- name: note_silent_works
-- Writes once of work that its node has not acknowledged, or not shipped, by when it had to, that it was silent; gives what it did not do.
UPDATE node_works AS w
SET silent_since = CASE WHEN w.acknowledged_at IS NULL AND f.status = 'released' AND w.acknowledge_by < $1 THEN w.acknowledge_by
    ELSE w.ship_within END
FROM (
    SELECT s.order_id, s.fulfillment_id, s.status FROM node_works AS n JOIN fulfillments AS s USING (order_id, fulfillment_id)
    WHERE n.units > 0 AND n.silent_since IS NULL
        AND (
            (n.acknowledge_by < $1 AND n.acknowledged_at IS NULL AND s.status = 'released')
            OR (n.ship_within < $1 AND s.status IN ('released', 'accepted', 'picked', 'packed'))
        )
    ORDER BY s.fulfillment_id LIMIT $2
) AS f
WHERE w.fulfillment_id = f.fulfillment_id AND w.silent_since IS NULL
RETURNING
    w.order_id, w.fulfillment_id, w.node, w.silent_since,
    CASE WHEN w.silent_since = w.acknowledge_by THEN 'acknowledge' ELSE 'ship' END AS what;

-- name: read_told_works
-- Reads what nodes were told last of some work, with all that was said.
SELECT w.fulfillment_id, e.body
FROM node_works AS w
JOIN node_messages AS m ON m.node = w.node AND m.number = w.number
JOIN events AS e ON e.xid = m.xid AND e.seq = m.seq
WHERE w.fulfillment_id = ANY($1::text[]) ORDER BY w.fulfillment_id;
