-- name: lock_cart_holds
-- Locks holds of carts, in sorted order, and reads them.
SELECT hold_id, channel, state, held_at, expires_at, skus, nodes, sources, quantities, customer_id, days, draws
FROM cart_holds WHERE hold_id = ANY($1::text[]) ORDER BY hold_id FOR UPDATE;

-- name: read_cart_hold
-- Reads the hold of a cart.
SELECT hold_id, channel, state, held_at, expires_at, skus, nodes, sources, quantities, customer_id, days, draws
FROM cart_holds WHERE hold_id = $1;

-- name: read_cart_holds_of_customers
-- Reads what carts of some customers keep at an instant.
SELECT c.hold_id, c.channel, c.state, c.held_at, c.expires_at, c.skus, c.nodes, c.sources, c.quantities, c.customer_id, c.days, c.draws
FROM cart_holds AS c JOIN unnest($1::text[], $2::text[]) AS w (channel, customer_id) USING (channel, customer_id)
WHERE c.state = 'held' AND c.customer_id <> '' AND c.expires_at > $3;

-- name: find_cart_holds
-- Finds a page of the holds that keep units at an instant, of a SKU and a node (null: any), those that end first, after the position given.
SELECT hold_id, channel, state, held_at, expires_at, skus, nodes, sources, quantities, customer_id, days, draws
FROM cart_holds
WHERE state = 'held' AND expires_at > $1
    AND ($2::text IS NULL OR $2 = ANY(skus))
    AND ($3::text[] IS NULL OR nodes && $3)
    AND ($4::timestamptz IS NULL OR (expires_at, hold_id) > ($4, $5::text))
ORDER BY expires_at, hold_id LIMIT $6;

-- name: write_cart_hold
-- Writes the hold of a cart, new or changed.
INSERT INTO cart_holds (hold_id, channel, state, held_at, expires_at, skus, nodes, sources, quantities, customer_id, days, draws)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (hold_id) DO UPDATE SET
    state = excluded.state,
    held_at = excluded.held_at,
    expires_at = excluded.expires_at,
    skus = excluded.skus,
    nodes = excluded.nodes,
    sources = excluded.sources,
    quantities = excluded.quantities,
    customer_id = excluded.customer_id,
    days = excluded.days,
    draws = excluded.draws;

-- name: find_due_cart_holds
-- Finds the holds of carts whose time is over, the longest overdue first.
SELECT hold_id FROM cart_holds WHERE state = 'held' AND expires_at <= $1 ORDER BY expires_at, hold_id LIMIT $2;

-- name: find_overdue_cart_holds
-- Finds the holds of carts whose time is over and that keep any of some SKUs, or draw from quotas where that is asked, the longest overdue first.
SELECT hold_id FROM cart_holds
WHERE state = 'held' AND expires_at <= $1 AND (skus && $2::text[] OR ($3 AND draws IS NOT NULL))
ORDER BY expires_at, hold_id LIMIT $4;

-- name: delete_old_cart_holds
-- Forgets holds of carts that ended before an instant; the log keeps what happened to them.
DELETE FROM cart_holds WHERE state <> 'held' AND expires_at < $1;

-- name: expire_cart_holds
-- Ends those of some holds whose time is over by an instant, and frees what they keep: units, days of nodes, and what they draw from quotas.
-- Everything is locked in the order of the write door: holds, balances, days, counts. Gives how many ended.
WITH due AS MATERIALIZED (
    SELECT hold_id, skus, nodes, sources, quantities, days, draws FROM cart_holds
    WHERE hold_id = ANY($1::text[]) AND state = 'held' AND expires_at <= $2
    ORDER BY hold_id
    FOR UPDATE
),
units AS MATERIALIZED (
    SELECT d.hold_id, u.sku, u.node, u.source, u.quantity, u.position
    FROM due AS d, unnest(d.skus, d.nodes, d.sources, d.quantities) WITH ORDINALITY AS u (sku, node, source, quantity, position)
),
wanted AS MATERIALIZED (
    SELECT sku, node, source, sum(quantity)::bigint AS quantity FROM units GROUP BY sku, node, source
),
wanted_slots AS MATERIALIZED (
    SELECT s.value -> 0 ->> 0 AS node, (s.value -> 0 ->> 1)::date AS day, (s.value -> 0 ->> 2)::smallint AS shift,
        sum((s.value ->> 1)::bigint)::bigint AS amount
    FROM due AS d, json_array_elements(d.days) AS s GROUP BY 1, 2, 3
),
wanted_draws AS MATERIALIZED (
    SELECT r.sku, r.rule, r.node, r.holder, r.period, sum((w.value ->> 1)::bigint)::bigint AS amount
    FROM due AS d, json_array_elements(d.draws) AS w,
        json_to_record(w.value -> 0) AS r (sku text, rule text, node text, holder text, period text)
    GROUP BY 1, 2, 3, 4, 5
),
locked AS MATERIALIZED (
    SELECT b.sku FROM balances AS b JOIN wanted AS w USING (sku, node, source)
    ORDER BY b.sku, b.node, b.source
    FOR UPDATE OF b
),
locked_slots AS MATERIALIZED (
    SELECT n.node FROM node_days AS n JOIN wanted_slots AS w USING (node, day, shift)
    WHERE (SELECT count(*) FROM locked) >= 0
    ORDER BY n.node, n.day, n.shift
    FOR UPDATE OF n
),
locked_draws AS MATERIALIZED (
    SELECT c.sku FROM draws AS c JOIN wanted_draws AS w USING (sku, rule, node, holder, period)
    WHERE (SELECT count(*) FROM locked_slots) >= 0
    ORDER BY c.sku, c.rule, c.node, c.holder, c.period
    FOR UPDATE OF c
),
moved AS (
    UPDATE balances AS b
    SET reserved = b.reserved - w.quantity,
        deficit = greatest(0, least(b.deficit, b.reserved - w.quantity - b.on_hand))
    FROM wanted AS w
    WHERE (SELECT count(*) FROM locked_draws) >= 0 AND b.sku = w.sku AND b.node = w.node AND b.source = w.source
),
freed_slots AS (
    UPDATE node_days AS n
    SET used = greatest(0, n.used - w.amount), xid = pg_current_xact_id()
    FROM wanted_slots AS w
    WHERE (SELECT count(*) FROM locked_draws) >= 0 AND n.node = w.node AND n.day = w.day AND n.shift = w.shift
),
freed_draws AS (
    UPDATE draws AS c
    SET used = c.used - w.amount, xid = pg_current_xact_id()
    FROM wanted_draws AS w
    WHERE (SELECT count(*) FROM locked_draws) >= 0
        AND c.sku = w.sku AND c.rule = w.rule AND c.node = w.node AND c.holder = w.holder AND c.period = w.period
),
ended AS (
    UPDATE cart_holds AS c SET state = 'expired' FROM due WHERE c.hold_id = due.hold_id RETURNING c.hold_id
),
written AS (
    INSERT INTO entries (sku, node, source, kind, on_hand_delta, reserved_delta, reason, reference, at)
    SELECT sku, node, source, 'expire', 0, -quantity, 'cart', hold_id, $2 FROM units ORDER BY hold_id, position
),
told AS (
    INSERT INTO events (subject, kind, version, body, actor, cause, policy_version, at)
    SELECT
        'cart:' || hold_id, 'CartHoldEnded', 1, json_build_object('hold_id', hold_id, 'state', 'expired', 'order_id', NULL),
        $3, $3, $4, $2
    FROM due ORDER BY hold_id
)
SELECT count(*) AS ended FROM ended;
