-- name: read_server
-- Reads which server this is and how it keeps what was committed.
SELECT
    current_setting('server_version') AS version,
    current_setting('fsync') AS fsync,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_database() AS database,
    pg_database_size(current_database()) AS bytes;

-- name: find_missing_constraints
-- Finds which of some constraints are not there, or not valid for every row.
SELECT name FROM unnest($1::text[]) AS name
WHERE NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conname = name AND c.convalidated)
ORDER BY name;

-- name: find_balance_differences
-- Finds balances that are not the sum of their entries, at most some of them, with how many there are.
WITH ledger AS (
    SELECT sku, node, source, sum(on_hand_delta)::bigint AS on_hand, sum(reserved_delta)::bigint AS reserved
    FROM entries GROUP BY sku, node, source
)
SELECT
    sku, node, source,
    coalesce(b.on_hand, 0) AS on_hand, coalesce(l.on_hand, 0) AS ledger_on_hand,
    coalesce(b.reserved, 0) AS reserved, coalesce(l.reserved, 0) AS ledger_reserved,
    count(*) OVER () AS differences
FROM balances AS b FULL JOIN ledger AS l USING (sku, node, source)
WHERE coalesce(b.on_hand, 0) <> coalesce(l.on_hand, 0) OR coalesce(b.reserved, 0) <> coalesce(l.reserved, 0)
ORDER BY sku, node, source LIMIT $1;

-- name: find_reservation_differences
-- Finds balances whose reserved units are not those of the allocations in reserving states and of the carts, at most some, with how many there are.
WITH kept AS (
    SELECT sku, node, source, quantity FROM allocations WHERE state = ANY($1::text[])
    UNION ALL
    SELECT u.sku, u.node, u.source, u.quantity
    FROM cart_holds AS c, unnest(c.skus, c.nodes, c.sources, c.quantities) AS u (sku, node, source, quantity)
    WHERE c.state = 'held'
),
held AS (
    SELECT sku, node, source, sum(quantity)::bigint AS units FROM kept GROUP BY sku, node, source
)
SELECT sku, node, source, coalesce(b.reserved, 0) AS reserved, coalesce(h.units, 0) AS allocated, count(*) OVER () AS differences
FROM balances AS b FULL JOIN held AS h USING (sku, node, source)
WHERE coalesce(b.reserved, 0) <> coalesce(h.units, 0)
ORDER BY sku, node, source LIMIT $2;

-- name: find_node_day_differences
-- Finds slots of limited nodes whose promises are not what orders and carts take of them, at most some, with how many there are.
-- A fulfillment takes what its live parts need, of the first slots that it has booked first; and of a locker a compartment until it was handed over or put back.
WITH needed AS (
    SELECT
        f.order_id, f.fulfillment_id, f.booking,
        CASE f.booking ->> 'unit' WHEN 'units' THEN coalesce(sum(a.quantity), 0) ELSE count(DISTINCT a.line_id) END AS amount
    FROM fulfillments AS f LEFT JOIN allocations AS a
        ON a.order_id = f.order_id AND a.fulfillment_id = f.fulfillment_id AND a.state <> ALL($1::text[])
    WHERE f.booking IS NOT NULL
    GROUP BY f.order_id, f.fulfillment_id
),
booked AS (
    SELECT
        n.amount AS needed, w.value -> 0 AS slot, (w.value ->> 1)::bigint AS amount,
        sum((w.value ->> 1)::bigint) OVER (PARTITION BY n.order_id, n.fulfillment_id ORDER BY w.ordinality) AS reached
    FROM needed AS n, json_array_elements(n.booking -> 'work') WITH ORDINALITY AS w
),
stays AS (
    SELECT CASE json_typeof(p.document -> 'stay') WHEN 'object' THEN p.document -> 'stay' ELSE f.booking -> 'stay' END AS stay
    FROM fulfillments AS f LEFT JOIN pickups AS p USING (order_id, fulfillment_id)
    WHERE f.booking #>> '{stay,locker}' IS NOT NULL
        AND EXISTS (
            SELECT FROM allocations AS a
            WHERE a.order_id = f.order_id AND a.fulfillment_id = f.fulfillment_id AND a.state = ANY($3::text[])
        )
),
takes AS (
    SELECT slot, greatest(0, least(amount, needed - reached + amount)) AS amount FROM booked
    UNION ALL
    SELECT d.value -> 0, (d.value ->> 1)::bigint
    FROM cart_holds AS c, json_array_elements(c.days) AS d WHERE c.state = 'held'
    UNION ALL
    SELECT json_build_array(stay ->> 'locker', day::date, stay ->> 'size'), 1
    FROM stays, generate_series((stay ->> 'first')::date, (stay ->> 'last')::date, '1 day') AS day
    UNION ALL
    SELECT json_build_array(stay ->> 'locker', '9999-01-01', stay ->> 'number'), 1
    FROM stays WHERE (stay ->> 'number')::integer > 0
),
slots AS (
    SELECT slot ->> 0 AS node, (slot ->> 1)::date AS day, (slot ->> 2)::smallint AS shift, sum(amount)::bigint AS taken
    FROM takes GROUP BY 1, 2, 3
)
SELECT node, day, shift, coalesce(d.used, 0) AS used, coalesce(s.taken, 0) AS taken, count(*) OVER () AS differences
FROM node_days AS d FULL JOIN slots AS s USING (node, day, shift)
WHERE coalesce(d.used, 0) <> coalesce(s.taken, 0)
ORDER BY node, day, shift LIMIT $2;

-- name: find_resolved_twice
-- Finds allocations that were reserved more than once, or resolved more than once or before, at most some, with how many there are.
SELECT
    order_id, allocation,
    count(*) FILTER (WHERE kind = 'pending') AS pending,
    count(*) FILTER (WHERE kind IN ('post', 'void', 'expire')) AS resolved,
    count(*) OVER () AS differences
FROM entries WHERE order_id IS NOT NULL
GROUP BY order_id, allocation
HAVING count(*) FILTER (WHERE kind = 'pending') <> 1 OR count(*) FILTER (WHERE kind IN ('post', 'void', 'expire')) > 1
ORDER BY order_id, allocation LIMIT $1;

-- name: find_orphans
-- Finds rows of an order's parts whose order is not there, and orders without lines, at most some of them, with how many there are.
SELECT what, order_id, count(*) OVER () AS differences
FROM (
    SELECT DISTINCT 'order_lines' AS what, p.order_id FROM order_lines AS p
    WHERE NOT EXISTS (SELECT FROM orders AS o WHERE o.order_id = p.order_id)
    UNION ALL
    SELECT DISTINCT 'allocations', p.order_id FROM allocations AS p
    WHERE NOT EXISTS (SELECT FROM orders AS o WHERE o.order_id = p.order_id)
    UNION ALL
    SELECT DISTINCT 'fulfillments', p.order_id FROM fulfillments AS p
    WHERE NOT EXISTS (SELECT FROM orders AS o WHERE o.order_id = p.order_id)
    UNION ALL
    SELECT DISTINCT 'holds', p.order_id FROM holds AS p
    WHERE NOT EXISTS (SELECT FROM orders AS o WHERE o.order_id = p.order_id)
    UNION ALL
    SELECT DISTINCT 'explanations', p.order_id FROM explanations AS p
    WHERE NOT EXISTS (SELECT FROM orders AS o WHERE o.order_id = p.order_id)
    UNION ALL
    SELECT DISTINCT 'entries', p.order_id FROM entries AS p
    WHERE p.order_id IS NOT NULL AND NOT EXISTS (SELECT FROM orders AS o WHERE o.order_id = p.order_id)
    UNION ALL
    SELECT DISTINCT 'parked', p.order_id FROM parked AS p
    WHERE NOT EXISTS (SELECT FROM orders AS o WHERE o.order_id = p.order_id)
    UNION ALL
    SELECT 'orders without lines', o.order_id FROM orders AS o
    WHERE NOT EXISTS (SELECT FROM order_lines AS p WHERE p.order_id = o.order_id)
) AS orphans
ORDER BY what, order_id LIMIT $1;

-- name: find_order_ids
-- Finds a page of order ids, after the one given.
SELECT order_id FROM orders WHERE order_id > $1 ORDER BY order_id LIMIT $2;

-- name: read_events_of_subjects
-- Reads what happened to some subjects, each oldest first.
SELECT subject, kind, body FROM events WHERE subject = ANY($1::text[]) ORDER BY subject, xid, seq;

-- name: find_slow_writers
-- Finds transactions that have written and not ended for some seconds: readers of the event log wait for them.
SELECT pid, application_name, state, extract(epoch FROM now() - xact_start)::float8 AS seconds
FROM pg_stat_activity
WHERE backend_xid IS NOT NULL AND xact_start < now() - make_interval(secs => $1)
ORDER BY xact_start LIMIT 10;

-- name: count_due_orders
-- Counts the orders that have been due since before an instant, up to a bound.
SELECT count(*) FROM (SELECT FROM orders WHERE due_at < $1 LIMIT $2) AS overdue;

-- name: count_unpartitioned
-- Counts the rows of the two logs that lie in no month's partition, up to a bound each.
SELECT
    (SELECT count(*) FROM (SELECT FROM events_default LIMIT $1) AS e) AS events,
    (SELECT count(*) FROM (SELECT FROM entries_default LIMIT $1) AS e) AS entries;

-- name: find_call_off_differences
-- Finds what is written of call-offs that is not what their orders take of blanket orders, or is more than was agreed; at most some, with how many there are.
-- Halves are rounded up; what is canceled is not taken.
WITH derived AS (
    SELECT
        b.blanket_id, o.order_id, l.sku, sum(l.quantity - l.canceled_quantity)::bigint AS quantity,
        sum(
            floor(
                l.unit_price_minor::numeric * (l.quantity - l.canceled_quantity)
                / power(10::numeric, coalesce((l.terms ->> 'decimals')::integer, 0)) + 0.5
            )
        )::bigint AS amount_minor
    FROM orders AS o JOIN blanket_orders AS b ON b.blanket_id = o.attributes ->> 'blanket_order'
    JOIN order_lines AS l USING (order_id)
    GROUP BY b.blanket_id, o.order_id, l.sku
),
agreed AS (
    SELECT b.blanket_id, l.value ->> 'sku' AS sku, (l.value ->> 'quantity')::bigint AS most
    FROM blanket_orders AS b, json_array_elements(b.document -> 'lines') AS l
),
found AS (
    SELECT
        blanket_id, coalesce(c.order_id, d.order_id) AS order_id, coalesce(c.sku, d.sku) AS sku,
        format(
            'called %s for %s, the order takes %s for %s',
            coalesce(c.quantity, 0), coalesce(c.amount_minor, 0), coalesce(d.quantity, 0), coalesce(d.amount_minor, 0)
        ) AS what
    FROM call_offs AS c FULL JOIN derived AS d USING (blanket_id, order_id, sku)
    WHERE coalesce(c.quantity, 0) <> coalesce(d.quantity, 0) OR coalesce(c.amount_minor, 0) <> coalesce(d.amount_minor, 0)
    UNION ALL
    SELECT blanket_id, '', sku, format('called %s of %s agreed', sum(c.quantity), a.most)
    FROM call_offs AS c JOIN agreed AS a USING (blanket_id, sku)
    GROUP BY blanket_id, sku, a.most HAVING sum(c.quantity) > a.most
    UNION ALL
    SELECT blanket_id, '', '', format('called for %s of %s agreed', sum(c.amount_minor), b.document ->> 'value_max_minor')
    FROM call_offs AS c JOIN blanket_orders AS b USING (blanket_id)
    GROUP BY blanket_id, b.document ->> 'value_max_minor' HAVING sum(c.amount_minor) > (b.document ->> 'value_max_minor')::bigint
)
SELECT blanket_id, order_id, sku, what, count(*) OVER () AS differences
FROM found ORDER BY blanket_id, order_id, sku LIMIT $1;
