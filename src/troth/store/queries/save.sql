-- name: save
-- Locks the balances and the days of nodes that a batch moves, in sorted order, and if every one still holds what was planned moves them and writes all the rest.
-- Gives the verdict, how many orders were written, and the balances: moved ones where it holds, found ones where it does not.
WITH wanted AS (
    SELECT * FROM unnest(
        $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::boolean[], $9::timestamptz[]
    ) AS w (
        sku, node, source, on_hand_delta, reserved_delta, needed, may_fall, expected_at
    )
),
wanted_slots AS (
    SELECT * FROM unnest($109::text[], $110::date[], $111::smallint[], $112::bigint[], $113::bigint[]) AS w (
        node, day, shift, amount, capacity
    )
),
wanted_draws AS (
    SELECT * FROM unnest(
        $115::text[], $116::text[], $117::text[], $118::text[], $119::text[], $120::bigint[], $121::bigint[], $122::bigint[]
    ) AS w (sku, rule, node, holder, period, amount, most, least)
),
locked AS MATERIALIZED (
    SELECT b.sku, b.node, b.source, b.on_hand, b.reserved, b.expected_at, w.needed
    FROM balances AS b JOIN wanted AS w USING (sku, node, source)
    ORDER BY b.sku, b.node, b.source
    FOR UPDATE OF b
),
locked_slots AS MATERIALIZED (
    -- After the balances, so that all batches lock in one order.
    SELECT d.used, w.amount, w.capacity
    FROM node_days AS d JOIN wanted_slots AS w USING (node, day, shift)
    WHERE (SELECT count(*) FROM locked) >= 0
    ORDER BY d.node, d.day, d.shift
    FOR UPDATE OF d
),
locked_draws AS MATERIALIZED (
    -- Last of all, and only where there are rules that count.
    SELECT d.used, w.amount, w.most, w.least
    FROM draws AS d JOIN wanted_draws AS w USING (sku, rule, node, holder, period)
    WHERE (SELECT count(*) FROM locked_slots) >= 0
    ORDER BY d.sku, d.rule, d.node, d.holder, d.period
    FOR UPDATE OF d
),
verdict AS MATERIALIZED (
    SELECT
        count(*) = (SELECT count(*) FROM wanted) AND coalesce(bool_and(on_hand - reserved >= needed), true)
        AND (SELECT coalesce(bool_and(amount <= 0 OR used + amount <= capacity), true) FROM locked_slots)
        AND (
            SELECT count(*) = (SELECT count(*) FROM wanted_draws)
                AND coalesce(bool_and((amount <= 0 OR used + amount <= most OR most IS NULL) AND (used >= least OR least IS NULL)), true)
            FROM locked_draws
        ) AS holds
    FROM locked
),
drawn AS (
    UPDATE draws AS d
    SET used = d.used + w.amount,
        xid = pg_current_xact_id()
    FROM wanted_draws AS w, verdict
    WHERE verdict.holds AND w.amount <> 0
        AND d.sku = w.sku AND d.rule = w.rule AND d.node = w.node AND d.holder = w.holder AND d.period = w.period
),
booked AS (
    -- A slot that is not there yet may be promised by another batch meanwhile: then the constraint tells.
    INSERT INTO node_days AS d (node, day, shift, capacity, used, xid)
    SELECT node, day, shift, capacity, amount, pg_current_xact_id()
    FROM wanted_slots, verdict
    WHERE verdict.holds AND amount > 0
    ORDER BY node, day, shift
    ON CONFLICT (node, day, shift) DO UPDATE
    SET capacity = excluded.capacity,
        used = d.used + excluded.used,
        xid = excluded.xid
),
freed AS (
    -- What is given back is never refused, also where a node can do less by now than it has promised.
    UPDATE node_days AS d
    SET capacity = greatest(w.capacity, d.used),
        used = greatest(0, d.used + w.amount),
        xid = pg_current_xact_id()
    FROM wanted_slots AS w, verdict
    WHERE verdict.holds AND w.amount < 0 AND d.node = w.node AND d.day = w.day AND d.shift = w.shift
),
moved AS (
    UPDATE balances AS b
    SET on_hand = b.on_hand + w.on_hand_delta,
        reserved = b.reserved + w.reserved_delta,
        deficit = greatest(
            0,
            least(
                CASE WHEN NOT w.may_fall THEN b.deficit END,
                b.reserved + w.reserved_delta - b.on_hand - w.on_hand_delta
            )
        ),
        expected_at = coalesce(w.expected_at, b.expected_at)
    FROM wanted AS w, verdict
    WHERE verdict.holds AND b.sku = w.sku AND b.node = w.node AND b.source = w.source
    RETURNING b.sku, b.node, b.source, b.on_hand, b.reserved, b.expected_at
),
order_rows AS (
    SELECT o.* FROM verdict, unnest(
        $10::text[], $11::text[], $12::text[], $13::text[], $14::integer[], $15::text[], $16::text[], $17::bigint[],
        $18::timestamptz[], $19::timestamptz[], $20::timestamptz[], $21::timestamptz[], $22::timestamptz[],
        $23::timestamptz[], $24::timestamptz[], $25::text[], $26::text[], $27::text[], $28::text[], $29::json[],
        $30::text[], $31::text[], $32::text[], $33::boolean[], $34::json[], $35::json[], $36::text[],
        $37::integer[], $38::boolean[], $125::json[]
    ) AS o (
        order_id, channel, external_id, digest, version, status, currency, total_minor, ordered_at, captured_at,
        release_at, due_at, released_at, canceled_at, promised_at, customer_id, customer_name, customer_email,
        customer_phone, ship_to, method, pickup_node, service, ship_complete, payments, attributes,
        policy_version, shipments_max, is_new, charges
    )
    WHERE verdict.holds
),
new_orders AS (
    INSERT INTO orders (
        order_id, channel, external_id, digest, version, status, currency, total_minor, ordered_at,
        captured_at, release_at, due_at, released_at, canceled_at, promised_at, customer_id, customer_name,
        customer_email, customer_phone, ship_to, method, pickup_node, service, ship_complete, payments,
        attributes, policy_version, shipments_max, charges
    )
    SELECT
        order_id, channel, external_id, digest, version, status, currency, total_minor, ordered_at,
        captured_at, release_at, due_at, released_at, canceled_at, promised_at, customer_id, customer_name,
        customer_email, customer_phone, ship_to, method, pickup_node, service, ship_complete, payments,
        attributes, policy_version, shipments_max, charges
    FROM order_rows WHERE is_new
    RETURNING order_id
),
changed_orders AS (
    -- A changed order is there and locked, so it always conflicts: by its key, whatever the planner thinks of the table.
    INSERT INTO orders AS o (
        order_id, channel, external_id, digest, version, status, currency, total_minor, ordered_at,
        captured_at, release_at, due_at, released_at, canceled_at, promised_at, customer_id, customer_name,
        customer_email, customer_phone, ship_to, method, pickup_node, service, ship_complete, payments,
        attributes, policy_version, shipments_max, charges
    )
    SELECT
        order_id, channel, external_id, digest, version, status, currency, total_minor, ordered_at,
        captured_at, release_at, due_at, released_at, canceled_at, promised_at, customer_id, customer_name,
        customer_email, customer_phone, ship_to, method, pickup_node, service, ship_complete, payments,
        attributes, policy_version, shipments_max, charges
    FROM order_rows WHERE NOT is_new
    ON CONFLICT (order_id) DO UPDATE
    SET version = excluded.version,
        status = excluded.status,
        total_minor = excluded.total_minor,
        release_at = excluded.release_at,
        due_at = excluded.due_at,
        released_at = excluded.released_at,
        canceled_at = excluded.canceled_at,
        promised_at = excluded.promised_at,
        ship_to = excluded.ship_to,
        method = excluded.method,
        pickup_node = excluded.pickup_node,
        service = excluded.service,
        ship_complete = excluded.ship_complete,
        shipments_max = excluded.shipments_max,
        payments = excluded.payments,
        attributes = excluded.attributes,
        policy_version = excluded.policy_version,
        charges = excluded.charges
    WHERE o.version < excluded.version
    RETURNING o.order_id
),
saved_lines AS (
    INSERT INTO order_lines (
        order_id, line_id, position, sku, quantity, unit_price_minor, need_by, not_before, canceled_quantity, terms,
        charges
    )
    SELECT
        order_id, line_id, position, sku, quantity, unit_price_minor, need_by, not_before, canceled_quantity, terms,
        charges
    FROM verdict, unnest(
        $39::text[], $40::text[], $41::integer[], $42::text[], $43::bigint[], $44::bigint[], $45::timestamptz[],
        $46::timestamptz[], $47::bigint[], $48::json[], $126::json[]
    ) AS r (
        order_id, line_id, position, sku, quantity, unit_price_minor, need_by, not_before, canceled_quantity, terms,
        charges
    )
    WHERE verdict.holds
    ON CONFLICT (order_id, line_id) DO UPDATE SET
        position = excluded.position,
        sku = excluded.sku,
        quantity = excluded.quantity,
        unit_price_minor = excluded.unit_price_minor,
        need_by = excluded.need_by,
        not_before = excluded.not_before,
        canceled_quantity = excluded.canceled_quantity,
        terms = excluded.terms,
        charges = excluded.charges
),
saved_allocations AS (
    INSERT INTO allocations (
        order_id, allocation, line_id, sku, node, source, quantity, state, fulfillment_id, draws
    )
    SELECT
        order_id, allocation, line_id, sku, node, source, quantity, state, fulfillment_id, draws
    FROM verdict, unnest(
        $49::text[], $50::integer[], $51::text[], $52::text[], $53::text[], $54::text[], $55::bigint[], $56::text[],
        $57::text[], $114::json[]
    ) AS r (
        order_id, allocation, line_id, sku, node, source, quantity, state, fulfillment_id, draws
    )
    WHERE verdict.holds
    ON CONFLICT (order_id, allocation) DO UPDATE SET
        state = excluded.state
),
saved_fulfillments AS (
    INSERT INTO fulfillments (
        order_id, fulfillment_id, node, status, method, service, ship_by, promised_from, promised_at, cost,
        packages, tracking_numbers, staging, collected_by, shipped_at, delivered_at, via, booking, serials, carrier
    )
    SELECT
        order_id, fulfillment_id, node, status, method, service, ship_by, promised_from, promised_at, cost,
        packages, string_to_array(tracking_numbers, E'\n'), staging, collected_by, shipped_at, delivered_at, via, booking, serials, carrier
    FROM verdict, unnest(
        $58::text[], $59::text[], $60::text[], $61::text[], $62::text[], $63::text[], $64::timestamptz[],
        $65::timestamptz[], $66::timestamptz[], $67::json[], $68::json[], $69::text[], $70::text[], $71::text[],
        $72::timestamptz[], $73::timestamptz[], $74::text[], $75::json[], $123::json[], $124::text[]
    ) AS r (
        order_id, fulfillment_id, node, status, method, service, ship_by, promised_from, promised_at, cost,
        packages, tracking_numbers, staging, collected_by, shipped_at, delivered_at, via, booking, serials, carrier
    )
    WHERE verdict.holds
    ON CONFLICT (order_id, fulfillment_id) DO UPDATE SET
        status = excluded.status,
        service = excluded.service,
        ship_by = excluded.ship_by,
        promised_from = excluded.promised_from,
        promised_at = excluded.promised_at,
        cost = excluded.cost,
        packages = excluded.packages,
        tracking_numbers = excluded.tracking_numbers,
        staging = excluded.staging,
        collected_by = excluded.collected_by,
        shipped_at = excluded.shipped_at,
        delivered_at = excluded.delivered_at,
        serials = excluded.serials,
        carrier = excluded.carrier
),
saved_holds AS (
    INSERT INTO holds (
        order_id, hold_id, type, reason, placed_by, placed_at, state, expires_at
    )
    SELECT
        order_id, hold_id, type, reason, placed_by, placed_at, state, expires_at
    FROM verdict, unnest(
        $76::text[], $77::text[], $78::text[], $79::text[], $80::text[], $81::timestamptz[], $82::text[],
        $83::timestamptz[]
    ) AS r (
        order_id, hold_id, type, reason, placed_by, placed_at, state, expires_at
    )
    WHERE verdict.holds
    ON CONFLICT (order_id, hold_id) DO UPDATE SET
        state = excluded.state,
        expires_at = excluded.expires_at
),
saved_explanations AS (
    INSERT INTO explanations (
        order_id, version, trace, at
    )
    SELECT
        order_id, version, trace, $1::timestamptz
    FROM verdict, unnest(
        $84::text[], $85::integer[], $86::json[]
    ) AS r (
        order_id, version, trace
    )
    WHERE verdict.holds
),
saved_entries AS (
    INSERT INTO entries (
        sku, node, source, kind, on_hand_delta, reserved_delta, order_id, allocation, reason, reference, at
    )
    SELECT
        sku, node, source, kind, on_hand_delta, reserved_delta, order_id, allocation, reason, reference, $1::timestamptz
    FROM verdict, unnest(
        $87::text[], $88::text[], $89::text[], $90::text[], $91::bigint[], $92::bigint[], $93::text[],
        $94::integer[], $95::text[], $96::text[]
    ) AS r (
        sku, node, source, kind, on_hand_delta, reserved_delta, order_id, allocation, reason, reference
    )
    WHERE verdict.holds
),
saved_events AS (
    INSERT INTO events (
        subject, kind, version, body, actor, cause, policy_version, at
    )
    SELECT
        subject, kind, version, body, actor, cause, policy_version, $1::timestamptz
    FROM verdict, unnest(
        $97::text[], $98::text[], $99::smallint[], $100::json[], $101::text[], $102::text[], $103::text[]
    ) AS r (
        subject, kind, version, body, actor, cause, policy_version
    )
    WHERE verdict.holds
),
saved_keys AS (
    INSERT INTO idempotency_keys (
        actor, key, request_digest, status, answer, created_at
    )
    SELECT
        actor, key, request_digest, status, answer, $1::timestamptz
    FROM verdict, unnest(
        $104::text[], $105::text[], $106::text[], $107::smallint[], $108::bytea[]
    ) AS r (
        actor, key, request_digest, status, answer
    )
    WHERE verdict.holds
)
SELECT
    verdict.holds,
    (SELECT count(*) FROM new_orders) + (SELECT count(*) FROM changed_orders) AS orders_written,
    pg_current_xact_id() AS xid,
    b.sku,
    b.node,
    b.source,
    b.on_hand,
    b.reserved,
    b.expected_at
FROM verdict LEFT JOIN (
    SELECT sku, node, source, on_hand, reserved, expected_at FROM moved
    UNION ALL
    SELECT locked.sku, locked.node, locked.source, locked.on_hand, locked.reserved, locked.expected_at
    FROM locked, verdict AS v WHERE NOT v.holds
) AS b ON true;
