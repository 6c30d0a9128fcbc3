-- name: save_captures
-- As `save`, for a batch of orders as they were just captured: locks, checks and reserves their balances, and writes all the rest.
-- Such orders have no row that could conflict, no holds, and the same value in most columns that later change; each part has one entry, which reserves it.
WITH wanted AS (
    SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $65::bigint[]) AS w (sku, node, source, units, needed)
),
locked AS MATERIALIZED (
    SELECT b.sku, b.node, b.source, b.on_hand, b.reserved, b.expected_at, w.needed
    FROM balances AS b JOIN wanted AS w USING (sku, node, source)
    ORDER BY b.sku, b.node, b.source
    FOR UPDATE OF b
),
verdict AS MATERIALIZED (
    SELECT count(*) = (SELECT count(*) FROM wanted) AND coalesce(bool_and(on_hand - reserved >= needed), true) AS holds
    FROM locked
),
moved AS (
    UPDATE balances AS b
    SET reserved = b.reserved + w.units,
        deficit = greatest(0, least(b.deficit, b.reserved + w.units - b.on_hand))
    FROM wanted AS w, verdict
    WHERE verdict.holds AND b.sku = w.sku AND b.node = w.node AND b.source = w.source
    RETURNING b.sku, b.node, b.source, b.on_hand, b.reserved, b.expected_at
),
saved_orders AS (
    INSERT INTO orders (
        order_id, channel, external_id, digest, version, status, currency, total_minor, ordered_at,
        captured_at, release_at, due_at, released_at, canceled_at, promised_at, customer_id, customer_name,
        customer_email, customer_phone, ship_to, method, pickup_node, service, ship_complete, payments,
        attributes, policy_version, shipments_max, charges
    )
    SELECT
        order_id, channel, external_id, digest, 1, status, currency, total_minor, ordered_at,
        $1::timestamptz, release_at, due_at, NULL, NULL, promised_at, customer_id, customer_name,
        customer_email, customer_phone, ship_to, method, pickup_node, service, ship_complete, payments,
        attributes, policy_version, NULL, charges
    FROM verdict, unnest(
        $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[],
        $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[],
        $17::text[], $18::text[], $19::text[], $20::text[], $21::json[], $22::text[], $23::text[], $24::text[],
        $25::boolean[], $26::json[], $27::json[], $28::text[], $67::json[]
    ) AS o (
        order_id, channel, external_id, digest, status, currency, total_minor, ordered_at, release_at, due_at,
        promised_at, customer_id, customer_name, customer_email, customer_phone, ship_to, method, pickup_node,
        service, ship_complete, payments, attributes, policy_version, charges
    )
    WHERE verdict.holds
    RETURNING order_id
),
saved_lines AS (
    INSERT INTO order_lines (
        order_id, line_id, position, sku, quantity, unit_price_minor, need_by, not_before, canceled_quantity,
        terms, charges
    )
    SELECT order_id, line_id, position, sku, quantity, unit_price_minor, need_by, not_before, 0, NULL, charges
    FROM verdict, unnest(
        $29::text[], $30::text[], $31::integer[], $32::text[], $33::bigint[], $34::bigint[],
        $35::timestamptz[], $36::timestamptz[], $68::json[]
    ) AS r (order_id, line_id, position, sku, quantity, unit_price_minor, need_by, not_before, charges)
    WHERE verdict.holds
),
parts AS MATERIALIZED (
    SELECT r.* FROM verdict, unnest(
        $37::text[], $38::integer[], $39::text[], $40::text[], $41::text[], $42::text[], $43::bigint[],
        $44::text[], $45::text[]
    ) AS r (order_id, allocation, line_id, sku, node, source, quantity, state, fulfillment_id)
    WHERE verdict.holds
),
saved_allocations AS (
    INSERT INTO allocations (order_id, allocation, line_id, sku, node, source, quantity, state, fulfillment_id, draws)
    SELECT order_id, allocation, line_id, sku, node, source, quantity, state, fulfillment_id, NULL FROM parts
),
saved_entries AS (
    INSERT INTO entries (
        sku, node, source, kind, on_hand_delta, reserved_delta, order_id, allocation, reason, reference, at
    )
    SELECT sku, node, source, 'pending', 0, quantity, order_id, allocation, '', '', $1::timestamptz FROM parts
),
saved_fulfillments AS (
    INSERT INTO fulfillments (
        order_id, fulfillment_id, node, status, method, service, ship_by, promised_from, promised_at, cost,
        packages, tracking_numbers, staging, collected_by, shipped_at, delivered_at, via, booking, serials,
        carrier
    )
    SELECT
        order_id, fulfillment_id, node, status, method, service, ship_by, promised_from, promised_at, cost,
        '[]', '{}', '', '', NULL, NULL, NULL, NULL, '[]', carrier
    FROM verdict, unnest(
        $46::text[], $47::text[], $48::text[], $49::text[], $50::text[], $51::text[], $52::timestamptz[],
        $53::timestamptz[], $54::timestamptz[], $55::json[], $66::text[]
    ) AS r (
        order_id, fulfillment_id, node, status, method, service, ship_by, promised_from, promised_at, cost, carrier
    )
    WHERE verdict.holds
),
saved_explanations AS (
    INSERT INTO explanations (order_id, version, trace, at)
    SELECT order_id, 1, trace, $1::timestamptz
    FROM verdict, unnest($56::text[], $57::json[]) AS r (order_id, trace)
    WHERE verdict.holds
),
saved_events AS (
    INSERT INTO events (
        subject, kind, version, body, actor, cause, policy_version, at
    )
    SELECT
        subject, kind, version, body, actor, cause, policy_version, $1::timestamptz
    FROM verdict, unnest(
        $58::text[], $59::text[], $60::smallint[], $61::json[], $62::text[], $63::text[], $64::text[]
    ) AS r (
        subject, kind, version, body, actor, cause, policy_version
    )
    WHERE verdict.holds
)
SELECT
    verdict.holds,
    (SELECT count(*) FROM saved_orders) AS orders_written,
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
