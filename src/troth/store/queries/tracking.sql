-- name: read_kinds_of_subjects
-- Reads the events of some kinds of some subjects, of each the oldest first.
SELECT subject, at, xid, seq, kind, version, body, actor, cause, policy_version
FROM events
WHERE subject = ANY($1::text[]) AND kind = ANY($2::text[])
ORDER BY subject, xid, seq;
