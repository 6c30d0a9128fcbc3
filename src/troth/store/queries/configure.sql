-- name: lock_reference_family
-- Lets one at a time change a family of reference data; freed when the transaction ends. It takes no transaction id before its turn comes, so that the log has changes in the order in which they were made.
SELECT pg_advisory_xact_lock(hashtextextended('reference data ' || $1::text, 0));

-- name: append_configuration_events
-- Appends many events about reference data.
INSERT INTO events (subject, at, kind, version, body, actor, cause, policy_version)
SELECT subject, $1, 'ConfigurationSet', 1, body, $2, '', '' FROM unnest($3::text[], $4::json[]) AS e (subject, body);

-- name: find_changes
-- Finds the newest changes of reference data, of a subject and by an actor (null: any), before a position (null: from the end).
SELECT subject, at, xid, seq, kind, version, body, actor, cause, policy_version
FROM events
WHERE kind = 'ConfigurationSet'
    AND ($1::text IS NULL OR subject = $1)
    AND ($2::text IS NULL OR actor = $2)
    AND ($3::xid8 IS NULL OR (xid, seq) < ($3, $4::bigint))
ORDER BY xid DESC, seq DESC LIMIT $5;

-- name: read_changes_since
-- Reads what was set of some kinds of reference data since an instant, newest first.
SELECT subject, at, body FROM events
WHERE kind = 'ConfigurationSet' AND at >= $1 AND split_part(subject, ':', 1) = ANY($2::text[])
ORDER BY xid DESC, seq DESC LIMIT $3;

-- name: read_subject_changes_since
-- Reads what was set of some pieces of reference data since an instant, newest first.
SELECT subject, at, body FROM events
WHERE subject = ANY($1::text[]) AND kind = 'ConfigurationSet' AND at >= $2
ORDER BY xid DESC, seq DESC LIMIT $3;
