-- name: try_due_sweep
-- Takes the right to act on due orders, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834765);

-- name: try_upkeep
-- Takes the right to change partitions, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834766);

-- name: read_next_due
-- Reads when the clock next has something to do (null: never).
SELECT min(due_at) FROM orders WHERE due_at IS NOT NULL;

-- name: set_timeouts
-- Bounds the statements of this transaction: lock waits and running times in milliseconds (0: no bound).
SELECT set_config('lock_timeout', $1::integer::text, true), set_config('statement_timeout', $2::integer::text, true);

-- name: plan_partition
-- Writes the statements that give a month of a table its own partition, with what lies in the default one; none where it has one.
-- Attaching a filled table, unlike creating a partition, lets others go on writing.
SELECT s.statement
FROM format('%s_%s', $1::text, to_char($2::timestamptz, 'YYYY_MM')) AS name,
    LATERAL unnest(ARRAY[
        format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, $1),
        format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', $1 || '_default'),
        format(
            'WITH moved AS (DELETE FROM %I WHERE at >= %L AND at < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
            $1 || '_default', $2, $3::timestamptz, name
        ),
        format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', $1, name, $2, $3)
    ]) WITH ORDINALITY AS s (statement, position)
WHERE to_regclass(quote_ident(name)) IS NULL
ORDER BY s.position;
