-- name: try_watching_work
-- Takes the right to learn from the work of nodes, until the transaction ends; false where another worker has it.
SELECT pg_try_advisory_xact_lock(7308332127834776);

-- name: read_work_facts
-- Reads of some fulfillments their node, by when they were to be out, and the units of their parts.
SELECT
    f.fulfillment_id, f.node, f.ship_by,
    ARRAY(
        SELECT a.allocation FROM allocations AS a
        WHERE a.order_id = f.order_id AND a.fulfillment_id = f.fulfillment_id ORDER BY a.allocation
    ) AS parts,
    ARRAY(
        SELECT a.quantity FROM allocations AS a
        WHERE a.order_id = f.order_id AND a.fulfillment_id = f.fulfillment_id ORDER BY a.allocation
    ) AS units
FROM fulfillments AS f
JOIN unnest($1::text[], $2::text[]) AS k (order_id, fulfillment_id) USING (order_id, fulfillment_id);

-- name: read_order_releases
-- Reads when parts of some orders were released, the oldest first.
SELECT subject, body FROM events WHERE subject = ANY($1::text[]) AND kind = 'OrderReleased' ORDER BY subject, at, seq;

-- name: read_task_evidence
-- Reads what was seen of the tasks of some nodes (null: of all).
SELECT node, is_weekend, band, as_of, tasks, minutes, squares FROM task_evidence WHERE $1::text[] IS NULL OR node = ANY($1);

-- name: write_task_evidence
-- Writes what was seen of the tasks of nodes.
INSERT INTO task_evidence (node, is_weekend, band, as_of, tasks, minutes, squares)
SELECT node, is_weekend, band, as_of, tasks, minutes, squares
FROM unnest($1::text[], $2::boolean[], $3::smallint[], $4::timestamptz[], $5::float8[], $6::float8[], $7::float8[])
    AS g (node, is_weekend, band, as_of, tasks, minutes, squares)
ORDER BY node, is_weekend, band
ON CONFLICT (node, is_weekend, band) DO UPDATE SET
    as_of = excluded.as_of, tasks = excluded.tasks, minutes = excluded.minutes, squares = excluded.squares;

-- name: read_last_tasks
-- Reads when the last task of some nodes was done.
SELECT node, done_at FROM last_tasks WHERE node = ANY($1::text[]);

-- name: write_last_tasks
-- Writes when the last task of nodes was done.
INSERT INTO last_tasks (node, done_at) SELECT node, done_at FROM unnest($1::text[], $2::timestamptz[]) AS g (node, done_at) ORDER BY node
ON CONFLICT (node) DO UPDATE SET done_at = excluded.done_at;

-- name: add_node_tallies
-- Adds to how the work of nodes went on some days.
INSERT INTO node_tallies AS t (node, day, done, on_time, rejected, missed, units, short, tasks, minutes, silent)
SELECT node, day, done, on_time, rejected, missed, units, short, tasks, minutes, silent
FROM unnest(
    $1::text[], $2::date[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::float8[],
    $11::bigint[]
) AS g (node, day, done, on_time, rejected, missed, units, short, tasks, minutes, silent)
ORDER BY node, day
ON CONFLICT (node, day) DO UPDATE SET
    done = t.done + excluded.done,
    on_time = t.on_time + excluded.on_time,
    rejected = t.rejected + excluded.rejected,
    missed = t.missed + excluded.missed,
    units = t.units + excluded.units,
    short = t.short + excluded.short,
    tasks = t.tasks + excluded.tasks,
    minutes = t.minutes + excluded.minutes,
    silent = t.silent + excluded.silent;

-- name: sum_node_tallies
-- Sums how the work of nodes went from a day on; of one node where one is named.
SELECT
    node, max(day) AS day, sum(done)::bigint AS done, sum(on_time)::bigint AS on_time, sum(rejected)::bigint AS rejected,
    sum(missed)::bigint AS missed, sum(units)::bigint AS units, sum(short)::bigint AS short, sum(tasks)::bigint AS tasks,
    sum(minutes) AS minutes, sum(silent)::bigint AS silent
FROM node_tallies WHERE day >= $1 AND ($2::text IS NULL OR node = $2)
GROUP BY node ORDER BY node;
