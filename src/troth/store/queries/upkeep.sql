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
-- Writes the statements that give a month of a table its own partition; nothing where it has one.
-- `has_rows` asks whether rows of the month lie in the default partition; only then `lock` and `move` are needed. The lock is on the whole
-- table, since a reader that has already looked up the partitions, and waits for the default one, would miss the rows that were moved.
SELECT
    format('SELECT EXISTS (SELECT FROM %I WHERE at >= %L AND at < %L)', $1 || '_default', $2, $3::timestamptz) AS has_rows,
    format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', $1) AS lock,
    format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, $1) AS create,
    format(
        'WITH moved AS (DELETE FROM %I WHERE at >= %L AND at < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        $1 || '_default', $2, $3, name
    ) AS move,
    format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', $1, name, $2, $3) AS attach
FROM format('%s_%s', $1::text, to_char($2::timestamptz, 'YYYY_MM')) AS name
WHERE to_regclass(quote_ident(name)) IS NULL;
