-- name: plan_by_key
-- Plans the statements of this transaction by keys, whatever the statistics of a table say that was small when they were made.
SELECT
    set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_seqscan', 'off', true),
    set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true);

-- Columns of thousands of rows come as one text each, a line a row: that is read in a fraction of the time that arrays take to be written.
-- Sources are null where all are what no lot holds.

-- name: load_new_balances
-- Creates those of some supplies on hand that do not exist yet, holding what is given, and writes that into the ledger.
-- Gives how many were created, and how many units they hold in total, without those of some SKUs.
WITH created AS (
    INSERT INTO balances (sku, node, source, on_hand, reserved, deficit)
    SELECT sku, node, coalesce(source, 'on_hand'), on_hand, 0, 0
    FROM unnest(
        string_to_array($2, E'\n'), string_to_array($3, E'\n'), string_to_array($4, E'\n')::bigint[], string_to_array($7, E'\n')
    ) AS g (sku, node, on_hand, source)
    ORDER BY sku, node, source
    ON CONFLICT DO NOTHING
    RETURNING sku, node, source, on_hand
),
written AS (
    INSERT INTO entries (sku, node, source, at, kind, on_hand_delta, reserved_delta, reason, reference)
    SELECT sku, node, source, $1, 'count', on_hand, 0, $5, $6 FROM created WHERE on_hand <> 0
)
SELECT count(*) AS moved, coalesce(sum(on_hand) FILTER (WHERE sku <> ALL($8::text[])), 0)::bigint AS units FROM created;

-- name: load_balances
-- Locks, in sorted order, those of some supplies on hand that do not hold what is given plus what moved since, sets them and writes that into the ledger.
-- Supplies that were counted later already are left alone. So are those that somebody moved between the look and the lock: how many these are
-- is given as `missed`, since what moved since must be looked up again for them. The as-of times are null where they are that of all.
WITH given AS (
    SELECT sku, node, coalesce(source, 'on_hand') AS source, on_hand, coalesce(as_of, $7) AS as_of
    FROM unnest(
        string_to_array($2, E'\n'), string_to_array($3, E'\n'), string_to_array($4, E'\n')::bigint[],
        string_to_array($8, E'\n', '')::timestamptz[], string_to_array($9, E'\n')
    ) AS g (sku, node, on_hand, as_of, source)
),
seen AS MATERIALIZED (
    SELECT
        g.sku, g.node, g.source, b.on_hand AS found, b.ctid AS place, greatest(0, g.on_hand + m.units)::bigint AS wanted,
        coalesce(c.as_of > g.as_of, false) AS is_outdated
    FROM given AS g
    JOIN balances AS b ON b.sku = g.sku AND b.node = g.node AND b.source = g.source
    LEFT JOIN counts AS c ON c.sku = g.sku AND c.node = g.node AND c.source = g.source
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(e.on_hand_delta), 0) AS units FROM entries AS e
        WHERE e.sku = g.sku AND e.node = g.node AND e.source = g.source AND e.at > g.as_of AND e.kind <> 'count'
    ) AS m
),
locked AS MATERIALIZED (
    SELECT b.sku, b.node, b.source, s.found, s.wanted, b.ctid = s.place AS is_as_seen
    FROM seen AS s JOIN balances AS b ON b.sku = s.sku AND b.node = s.node AND b.source = s.source
    WHERE s.found <> s.wanted AND NOT s.is_outdated
    ORDER BY b.sku, b.node, b.source
    FOR UPDATE OF b
),
moved AS (
    UPDATE balances AS b
    SET on_hand = l.wanted, deficit = greatest(0, b.reserved - l.wanted)
    FROM locked AS l
    WHERE l.is_as_seen AND b.sku = l.sku AND b.node = l.node AND b.source = l.source
    RETURNING b.sku, b.node, b.source, l.wanted - l.found AS delta
),
written AS (
    INSERT INTO entries (sku, node, source, at, kind, on_hand_delta, reserved_delta, reason, reference)
    SELECT sku, node, source, $1, 'count', delta, 0, $5, $6 FROM moved
)
SELECT
    (SELECT count(*) FROM moved) AS moved,
    (SELECT coalesce(sum(delta) FILTER (WHERE sku <> ALL($10::text[])), 0)::bigint FROM moved) AS units,
    (SELECT count(*) FROM seen WHERE is_outdated) AS outdated,
    (SELECT count(*) FROM locked WHERE NOT is_as_seen) AS missed;

-- name: mark_counted
-- Keeps positions as the newest counts of their supplies, unless a newer one is known; gives how many were kept.
WITH kept AS (
    INSERT INTO counts AS c (sku, node, source, as_of, on_hand, reference, counted_at)
    SELECT sku, node, coalesce(source, 'on_hand'), coalesce(as_of, $6), on_hand, $4, $5
    FROM unnest(
        string_to_array($1, E'\n'), string_to_array($2, E'\n'), string_to_array($3, E'\n')::bigint[],
        string_to_array($7, E'\n', '')::timestamptz[], string_to_array($8, E'\n')
    ) AS k (sku, node, on_hand, as_of, source)
    ORDER BY sku, node, source
    ON CONFLICT (sku, node, source) DO UPDATE
    SET as_of = excluded.as_of, on_hand = excluded.on_hand, reference = excluded.reference, counted_at = excluded.counted_at
    WHERE c.as_of <= excluded.as_of
    RETURNING 1
)
SELECT count(*) AS kept FROM kept;

-- name: write_counted_expiries
-- Says of some lots until when they are good, where the newest count of each is the one that says so (as of its time); an entry of no units tells
-- those who remember the lot.
WITH changed AS (
    UPDATE balances AS b SET expires_on = k.expires_on
    FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::timestamptz[]) AS k (sku, node, source, expires_on, as_of)
    JOIN counts AS c ON c.sku = k.sku AND c.node = k.node AND c.source = k.source AND c.as_of = k.as_of
    WHERE b.sku = k.sku AND b.node = k.node AND b.source = k.source AND b.expires_on IS DISTINCT FROM k.expires_on
    RETURNING b.sku, b.node, b.source
)
INSERT INTO entries (sku, node, source, at, kind, on_hand_delta, reserved_delta, reason, reference)
SELECT sku, node, source, $6, 'count', 0, 0, $7, $8 FROM changed;

-- name: add_to_balances
-- Adds units to (or takes them from) some locked supplies on hand, and writes each movement into the ledger.
WITH given AS (
    SELECT sku, node, delta, reason, source
    FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $7::text[]) AS g (sku, node, delta, reason, source)
),
sums AS MATERIALIZED (
    SELECT sku, node, source, sum(delta)::bigint AS delta FROM given GROUP BY sku, node, source
),
moved AS (
    UPDATE balances AS b
    SET on_hand = b.on_hand + s.delta, deficit = greatest(0, b.reserved - b.on_hand - s.delta)
    FROM sums AS s
    WHERE b.sku = s.sku AND b.node = s.node AND b.source = s.source
)
INSERT INTO entries (sku, node, source, at, kind, on_hand_delta, reserved_delta, reason, reference)
SELECT sku, node, source, $1, 'adjustment', delta, 0, reason, $6 FROM given;

-- name: find_unnamed_positions
-- Finds a page of the supplies on hand of a node, by lot or by none, that hold something and were not counted since an instant, after the one given.
SELECT b.sku, b.source, coalesce((i.document ->> 'decimals')::integer, 0) AS decimals
FROM balances AS b
LEFT JOIN counts AS c ON c.sku = b.sku AND c.node = b.node AND c.source = b.source
LEFT JOIN items AS i ON i.sku = b.sku
WHERE b.node = $1 AND (b.source = 'on_hand' OR starts_with(b.source, 'lot/')) AND b.on_hand <> 0
    AND (b.sku, b.source) > ($3::text, $4::text) AND (c.as_of IS NULL OR c.as_of < $2)
ORDER BY b.sku, b.source LIMIT $5;

-- name: find_stocked
-- Finds which of some SKUs an item has, with its decimals; null of a kit, which has no stock.
SELECT sku, CASE WHEN coalesce(json_array_length(document -> 'kit'), 0) = 0 THEN coalesce((document ->> 'decimals')::integer, 0) END AS decimals
FROM items WHERE sku = ANY($1::text[]);

-- name: find_unknown_nodes
-- Finds those of some node ids that no node has.
SELECT k.node FROM unnest($1::text[]) AS k (node) WHERE NOT EXISTS (SELECT FROM nodes AS n WHERE n.node = k.node) ORDER BY k.node;
