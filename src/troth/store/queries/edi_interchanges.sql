-- name: take_edi_out_number
-- Takes the next control number of an interchange to a partner, and its position among all that were put out; whoever else wants one waits until the transaction ends.
INSERT INTO edi_exchanges AS e (partner_id, number_out, position) VALUES ($1, 1, 1)
ON CONFLICT (partner_id) DO UPDATE SET number_out = e.number_out + 1, position = e.position + 1
RETURNING number_out, position;

-- name: take_edi_in_number
-- Takes the number of an interchange that came from a partner; whoever else wants one waits until the transaction ends.
INSERT INTO edi_exchanges AS e (partner_id, number_in) VALUES ($1, 1)
ON CONFLICT (partner_id) DO UPDATE SET number_in = e.number_in + 1
RETURNING number_in;

-- name: lock_edi_exchange
-- Keeps others from writing interchanges to a partner until the transaction ends.
INSERT INTO edi_exchanges (partner_id) VALUES ($1)
ON CONFLICT (partner_id) DO UPDATE SET partner_id = excluded.partner_id;

-- name: append_edi_interchange
-- Appends an interchange.
INSERT INTO edi_interchanges (
    partner_id, direction, number, control, state, content, file, report, at, position, acknowledge_by, answers
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: find_edi_interchange_by_control
-- Finds the interchange of a partner that counts under a control number.
SELECT
    partner_id, direction, number, control, state, content, file, report, at, times, position, sent_at, acknowledge_by,
    acknowledged_at, answers
FROM edi_interchanges WHERE partner_id = $1 AND direction = $2 AND control = $3 AND state <> 'refused';

-- name: read_edi_interchange
-- Reads an interchange.
SELECT
    partner_id, direction, number, control, state, content, file, report, at, times, position, sent_at, acknowledge_by,
    acknowledged_at, answers
FROM edi_interchanges WHERE partner_id = $1 AND direction = $2 AND number = $3;

-- name: lock_edi_interchange
-- Reads an interchange, and keeps others from changing it until the transaction ends.
SELECT
    partner_id, direction, number, control, state, content, file, report, at, times, position, sent_at, acknowledge_by,
    acknowledged_at, answers
FROM edi_interchanges WHERE partner_id = $1 AND direction = $2 AND number = $3 FOR UPDATE;

-- name: find_edi_interchanges
-- Finds the newest interchanges with a partner, of a direction and in a state (null: any), before an instant and number (null: from the end).
SELECT
    partner_id, direction, number, control, state, content, file, report, at, times, position, sent_at, acknowledge_by,
    acknowledged_at, answers
FROM edi_interchanges
WHERE partner_id = $1
    AND ($2::text IS NULL OR direction = $2)
    AND ($3::text IS NULL OR state = $3)
    AND ($4::timestamptz IS NULL OR (at, direction, number) < ($4, $5::text, $6::bigint))
ORDER BY at DESC, direction DESC, number DESC LIMIT $7;

-- name: find_edi_put_out
-- Finds interchanges that were put out for a partner after a position, in order.
SELECT
    partner_id, direction, number, control, state, content, file, report, at, times, position, sent_at, acknowledge_by,
    acknowledged_at, answers
FROM edi_interchanges WHERE partner_id = $1 AND position > $2 ORDER BY position LIMIT $3;

-- name: find_edi_to_send
-- Finds interchanges that are to be laid into the folder of a partner, in order.
SELECT
    partner_id, direction, number, control, state, content, file, report, at, times, position, sent_at, acknowledge_by,
    acknowledged_at, answers
FROM edi_interchanges WHERE partner_id = $1 AND position IS NOT NULL AND sent_at IS NULL ORDER BY position LIMIT $2;

-- name: find_edi_to_take
-- Finds interchanges that came before an instant and were not done, as where a process died meanwhile.
SELECT i.partner_id, i.number FROM edi_interchanges AS i JOIN edi_partners AS p USING (partner_id)
WHERE i.state = 'received' AND i.at < $1 ORDER BY i.at, i.partner_id, i.number LIMIT $2;

-- name: note_edi_sent
-- Writes that an interchange lies in the folder of its partner, unless it was put out again meanwhile; by when it is to be acknowledged from now on.
UPDATE edi_interchanges
SET sent_at = $4, file = $5, acknowledge_by = $6, state = CASE WHEN state = 'written' THEN 'sent' ELSE state END
WHERE partner_id = $1 AND direction = 'out' AND number = $2 AND position = $3;

-- name: note_edi_taken
-- Writes what became of an interchange that came, and when it was acknowledged (null: none is owed of it); nothing where somebody else did.
UPDATE edi_interchanges
SET state = $3, report = $4, acknowledged_at = coalesce(acknowledged_at, $5),
    acknowledge_by = CASE WHEN $5::timestamptz IS NULL THEN NULL ELSE acknowledge_by END
WHERE partner_id = $1 AND direction = 'in' AND number = $2 AND state = 'received'
RETURNING number;

-- name: receive_edi_again
-- Writes that an interchange of which something was refused is to be done once more.
UPDATE edi_interchanges SET state = 'received'
WHERE partner_id = $1 AND direction = 'in' AND number = $2 AND state IN ('refused', 'partly');

-- name: note_edi_acknowledged
-- Writes how a partner acknowledged an interchange.
UPDATE edi_interchanges SET state = $3, report = $4, acknowledged_at = $5
WHERE partner_id = $1 AND direction = 'out' AND number = $2;

-- name: note_edi_came_again
-- Writes that an interchange came once more.
UPDATE edi_interchanges SET times = times + 1 WHERE partner_id = $1 AND direction = 'in' AND number = $2;

-- name: put_edi_out_again
-- Puts an interchange out once more, at a position of its own.
UPDATE edi_interchanges
SET position = $3, times = times + 1, sent_at = NULL, acknowledge_by = $4
WHERE partner_id = $1 AND direction = 'out' AND number = $2
RETURNING number;

-- name: take_edi_position
-- Takes the next position of an interchange that is put out.
UPDATE edi_exchanges SET position = position + 1 WHERE partner_id = $1 RETURNING position;

-- name: find_edi_answering
-- Finds the interchange that acknowledges one that came.
SELECT number FROM edi_interchanges WHERE partner_id = $1 AND direction = 'out' AND answers = $2;

-- name: find_untold_messages
-- Finds messages of some nodes that are not acknowledged, could be told, and are in no interchange yet, those of each node in order.
SELECT m.node, m.number, e.body
FROM node_messages AS m JOIN events AS e ON e.xid = m.xid AND e.seq = m.seq
WHERE m.node = ANY($1::text[]) AND m.acknowledged_at IS NULL AND m.refused_at IS NULL
    AND NOT EXISTS (SELECT FROM edi_messages AS i WHERE i.node = m.node AND i.message = m.number)
ORDER BY m.node, m.number LIMIT $2;

-- name: note_edi_messages
-- Writes in which interchange nodes are told of messages.
INSERT INTO edi_messages (node, message, partner_id, number)
SELECT node, message, $1, $2 FROM unnest($3::text[], $4::bigint[]) AS g (node, message);

-- name: await_told_works
-- Writes by when some work has to be acknowledged of which nobody has said it before.
UPDATE node_works SET acknowledge_by = $2
WHERE fulfillment_id = ANY($1::text[]) AND acknowledge_by IS NULL AND acknowledged_at IS NULL;

-- name: refuse_node_message
-- Writes why the system of a node refused a message, or why it could not be told of it.
UPDATE node_messages SET refused_at = $3, refused_why = $4 WHERE node = $1 AND number = $2;

-- name: count_edi_overdue
-- Counts interchanges that should have been acknowledged by an instant and were not, by partner and direction.
SELECT partner_id, direction, count(*) AS count FROM edi_interchanges
WHERE acknowledge_by < $1 AND acknowledged_at IS NULL AND state <> 'refused'
GROUP BY partner_id, direction ORDER BY partner_id, direction;

-- name: claim_edi_folders
-- Claims the folders of some partners whose turn it is and that nobody else is at.
INSERT INTO edi_exchanges AS e (partner_id, claimed_until)
SELECT partner_id, now() + make_interval(secs => $2) FROM unnest($1::text[]) AS g (partner_id) ORDER BY partner_id
ON CONFLICT (partner_id) DO UPDATE SET claimed_until = excluded.claimed_until
    WHERE e.attempt_at <= now() AND (e.claimed_until IS NULL OR e.claimed_until < now())
RETURNING partner_id, failures, claimed_until;

-- name: holds_edi_folder
-- Says whether a claim on the folder of a partner still holds.
SELECT claimed_until >= now() AS holds FROM edi_exchanges WHERE partner_id = $1 AND claimed_until = $2;

-- name: free_edi_folder
-- Gives the claim on a folder back: when it is its turn again, and how it went; whether files were written and read.
UPDATE edi_exchanges
SET claimed_until = NULL,
    attempt_at = now() + make_interval(secs => $3),
    failures = $4,
    last_error = $5,
    wrote_at = CASE WHEN $6::boolean THEN now() ELSE wrote_at END,
    read_at = CASE WHEN $7::boolean THEN now() ELSE read_at END
WHERE partner_id = $1 AND claimed_until = $2;

-- name: read_edi_exchange
-- Reads how the folder of a partner was last, and how many interchanges went each way.
SELECT number_out, number_in, failures, last_error, attempt_at, wrote_at, read_at FROM edi_exchanges WHERE partner_id = $1;
