-- name: save_steps
-- As `save`, for a batch of orders of which only parts took steps: locks, checks and moves their balances, and writes what is another now.
-- Such orders have no new row, their days and quotas stay as they are, and so does most of what they say.
WITH wanted AS (
    SELECT * FROM unnest(
        $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::boolean[], $9::timestamptz[]
    ) AS w (
        sku, node, source, on_hand_delta, reserved_delta, needed, may_fall, expected_at
    )
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
    SET on_hand = b.on_hand + w.on_hand_delta,
        reserved = b.reserved + w.reserved_delta,
        deficit = greatest(
            0,
            least(
                CASE WHEN NOT w.may_fall THEN b.deficit END,
                b.reserved + w.reserved_delta - b.on_hand - w.on_hand_delta
            )
        )
    FROM wanted AS w, verdict
    WHERE verdict.holds AND b.sku = w.sku AND b.node = w.node AND b.source = w.source
    RETURNING b.sku, b.node, b.source, b.on_hand, b.reserved, b.expected_at
),
changed_orders AS (
    UPDATE orders AS o
    SET version = c.version,
        status = c.status,
        total_minor = c.total_minor,
        release_at = c.release_at,
        due_at = c.due_at,
        released_at = c.released_at,
        promised_at = c.promised_at,
        policy_version = c.policy_version
    FROM verdict, unnest(
        $10::text[], $11::integer[], $12::text[], $13::bigint[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[],
        $17::timestamptz[], $18::text[]
    ) AS c (
        order_id, version, status, total_minor, release_at, due_at, released_at, promised_at, policy_version
    )
    WHERE verdict.holds AND o.order_id = c.order_id AND o.version < c.version
    RETURNING o.order_id
),
changed_allocations AS (
    UPDATE allocations AS a
    SET state = c.state
    FROM verdict, unnest($19::text[], $20::integer[], $21::text[]) AS c (order_id, allocation, state)
    WHERE verdict.holds AND a.order_id = c.order_id AND a.allocation = c.allocation
),
changed_fulfillments AS (
    UPDATE fulfillments AS f
    SET status = c.status,
        ship_by = c.ship_by,
        promised_from = c.promised_from,
        promised_at = c.promised_at,
        packages = c.packages,
        tracking_numbers = string_to_array(c.tracking_numbers, E'\n'),
        staging = c.staging,
        collected_by = c.collected_by,
        shipped_at = c.shipped_at,
        delivered_at = c.delivered_at,
        serials = c.serials
    FROM verdict, unnest(
        $22::text[], $23::text[], $24::text[], $25::timestamptz[], $26::timestamptz[], $27::timestamptz[], $28::json[],
        $29::text[], $30::text[], $31::text[], $32::timestamptz[], $33::timestamptz[], $34::json[]
    ) AS c (
        order_id, fulfillment_id, status, ship_by, promised_from, promised_at, packages, tracking_numbers, staging, collected_by,
        shipped_at, delivered_at, serials
    )
    WHERE verdict.holds AND f.order_id = c.order_id AND f.fulfillment_id = c.fulfillment_id
),
saved_entries AS (
    INSERT INTO entries (
        sku, node, source, kind, on_hand_delta, reserved_delta, order_id, allocation, reason, reference, at
    )
    SELECT
        sku, node, source, kind, on_hand_delta, reserved_delta, order_id, allocation, reason, reference, $1::timestamptz
    FROM verdict, unnest(
        $35::text[], $36::text[], $37::text[], $38::text[], $39::bigint[], $40::bigint[], $41::text[],
        $42::integer[], $43::text[], $44::text[]
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
        $45::text[], $46::text[], $47::smallint[], $48::json[], $49::text[], $50::text[], $51::text[]
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
        $52::text[], $53::text[], $54::text[], $55::smallint[], $56::bytea[]
    ) AS r (
        actor, key, request_digest, status, answer
    )
    WHERE verdict.holds
)
SELECT
    verdict.holds,
    (SELECT count(*) FROM changed_orders) AS orders_written,
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
