-- name: try_telling
-- Takes the right to read the log for notifications, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834793);

-- name: gather_notifications
-- Adds notifications; one that still waits for its time takes in what happened meanwhile instead.
INSERT INTO notifications (order_id, notification_id, rule, label, kind, medium, state, causes, resend_of, made_at, due_at)
SELECT n.order_id, n.notification_id, n.rule, n.label, n.kind, n.medium, 'waiting', string_to_array(n.causes, ','), n.resend_of, n.made_at, n.due_at
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[]
) AS n (order_id, notification_id, rule, label, kind, medium, causes, resend_of, made_at, due_at)
ON CONFLICT (order_id, rule, medium) WHERE state = 'waiting'
DO UPDATE SET causes = notifications.causes || excluded.causes;

-- name: claim_notifications
-- Claims notifications that are due and that nobody else sends now, the longest overdue first.
UPDATE notifications AS n
SET claimed_until = $1::timestamptz + make_interval(secs => $2)
WHERE (n.order_id, n.notification_id) IN (
        SELECT c.order_id, c.notification_id FROM notifications AS c
        WHERE c.due_at <= $1 AND (c.claimed_until IS NULL OR c.claimed_until <= $1)
        ORDER BY c.due_at, c.notification_id
        LIMIT $3
    )
    AND n.due_at <= $1
    AND (n.claimed_until IS NULL OR n.claimed_until <= $1)
RETURNING n.*;

-- name: intend_notification
-- Writes what is about to be sent, before it is; no row where something more happened meanwhile, or the claim was lost.
UPDATE notifications
SET state = 'sending', kind = $5, address = $6, language = $7, message_id = $8, letter = $9, attempts = attempts + 1, attempted_at = $10,
    gives_up_at = coalesce(gives_up_at, $11)
WHERE order_id = $1 AND notification_id = $2 AND claimed_until = $3 AND cardinality(causes) = $4
RETURNING notification_id;

-- name: end_notification
-- Records what became of a notification of which it is known; no row where that was known before.
UPDATE notifications
SET state = $3, reason = $4, due_at = NULL, claimed_until = NULL, sent_at = coalesce($5, sent_at)
WHERE order_id = $1 AND notification_id = $2 AND state = ANY($6::text[])
RETURNING notification_id;

-- name: postpone_notification
-- Puts a claimed notification off: it certainly was not taken.
UPDATE notifications
SET state = $4, reason = $5, due_at = $6, claimed_until = NULL
WHERE order_id = $1 AND notification_id = $2 AND claimed_until = $3;

-- name: free_notification
-- Gives a claimed notification back as it is.
UPDATE notifications SET claimed_until = NULL, due_at = $4 WHERE order_id = $1 AND notification_id = $2 AND claimed_until = $3;

-- name: read_notification
-- Reads one notification.
SELECT * FROM notifications WHERE order_id = $1 AND notification_id = $2;

-- name: find_notification_by_message
-- Finds the notification that was sent under a message id.
SELECT * FROM notifications WHERE message_id = $1 AND message_id <> '' ORDER BY made_at DESC LIMIT 1;

-- name: find_notifications
-- Finds a page of notifications, newest first, after the position given; every filter that is null is no filter.
SELECT n.*
FROM notifications AS n
WHERE ($1::text IS NULL OR n.order_id = $1)
    AND ($2::text IS NULL OR n.kind = $2)
    AND ($3::text IS NULL OR n.medium = $3)
    AND ($4::text IS NULL OR n.state = $4)
    AND ($5::text IS NULL OR lower(n.address) = lower($5))
    AND ($6::timestamptz IS NULL OR (n.made_at, n.notification_id) < ($6, $7::text))
ORDER BY n.made_at DESC, n.notification_id DESC
LIMIT $8;

-- name: count_overdue_notifications
-- Counts the notifications that should have been sent, and says since when the longest overdue one is.
SELECT count(*) AS notifications, min(due_at) AS since FROM notifications WHERE due_at <= $1;

-- name: read_events_at
-- Reads what happened to a subject at some positions, in their order.
SELECT e.subject, e.at, e.xid, e.seq, e.kind, e.version, e.body, e.actor, e.cause, e.policy_version
FROM events AS e
WHERE e.subject = $1 AND (e.xid::text || '-' || e.seq::text) = ANY($2::text[])
ORDER BY e.xid, e.seq;

-- name: read_opt_outs
-- Reads what is not sent to some addresses.
SELECT address, medium, kind, because, at, said_by FROM opt_outs WHERE address = ANY($1::text[]) ORDER BY address, medium, kind;

-- name: find_opt_outs
-- Finds a page of addresses to which something is not sent, after the one given.
SELECT address, medium, kind, because, at, said_by FROM opt_outs
WHERE ($1::text IS NULL OR address = $1) AND ($2::text IS NULL OR (address, medium, kind) > ($2, $3::text, $4::text))
ORDER BY address, medium, kind LIMIT $5;

-- name: write_opt_out
-- Records that something is not sent to an address any more; what was said before stays.
INSERT INTO opt_outs (address, medium, kind, because, at, said_by) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (address, medium, kind) DO NOTHING
RETURNING address;

-- name: delete_opt_out
-- Forgets that something is not sent to an address.
DELETE FROM opt_outs WHERE address = $1 AND medium = $2 AND kind = $3 RETURNING address;

-- name: read_link_key
-- Reads what signs links: the newest key.
SELECT secret FROM link_keys ORDER BY key_id DESC LIMIT 1;

-- name: begin_choice
-- Records what a customer is about to choose; no row where something was begun before.
INSERT INTO choices_made (order_id, notification_id, choice, begun_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (order_id, notification_id) DO NOTHING
RETURNING choice;

-- name: read_choice
-- Reads what was chosen by the links of a notification.
SELECT choice, begun_at, done_at FROM choices_made WHERE order_id = $1 AND notification_id = $2;

-- name: end_choice
-- Records that what a customer chose is done; no row where it was before.
UPDATE choices_made SET done_at = $4 WHERE order_id = $1 AND notification_id = $2 AND choice = $3 AND done_at IS NULL RETURNING choice;

-- name: undo_choice
-- Forgets what was begun and could not be done, so that something else can be chosen.
DELETE FROM choices_made WHERE order_id = $1 AND notification_id = $2 AND choice = $3 AND done_at IS NULL;
