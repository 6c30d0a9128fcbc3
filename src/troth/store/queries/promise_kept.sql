-- name: count_kept_promises
-- Counts the work that was delivered or collected in a span, by node, carrier, service or whether it waited for supply: how much of it on time, in full, and by what was promised first, with how late the late was.
WITH done AS (
    SELECT
        f.order_id, f.fulfillment_id, f.delivered_at, f.promised_at,
        waited.lines AS waited_for,
        CASE $3::text
            WHEN 'node' THEN f.node
            WHEN 'service' THEN f.service
            WHEN 'supply' THEN CASE WHEN waited.lines IS NULL THEN 'on hand' ELSE 'to come' END
            ELSE lower(coalesce(nullif(f.packages -> 0 ->> 'carrier', ''), nullif(f.carrier, ''), ''))
        END AS name
    FROM fulfillments AS f
    CROSS JOIN LATERAL (
        -- The lines of which units were promised from supply that was still to come.
        SELECT array_agg(DISTINCT a.line_id) AS lines
        FROM allocations AS a
        JOIN allocations AS b ON b.order_id = a.order_id AND b.line_id = a.line_id
        WHERE a.order_id = f.order_id AND a.fulfillment_id = f.fulfillment_id AND a.state = 'delivered'
            AND b.source <> 'on_hand' AND b.source NOT LIKE 'lot/%' AND b.source NOT LIKE 'apart/%'
    ) AS waited
    WHERE f.delivered_at >= $1 AND f.delivered_at < $2
        AND ($4::text[] IS NULL OR f.node = ANY($4))
        -- A pickup is kept by being ready, which its delivery does not tell.
        AND f.method NOT IN ('pickup', 'curbside')
),
judged AS (
    SELECT
        d.name, d.delivered_at, d.promised_at,
        NOT EXISTS (
            SELECT FROM allocations AS a
            WHERE a.order_id = d.order_id AND a.fulfillment_id = d.fulfillment_id AND a.state IN ('rejected', 'short')
        ) AS is_full,
        least(d.promised_at, (
            SELECT min(w.promised_at)
            FROM allocations AS a
            JOIN allocations AS b ON b.order_id = a.order_id AND b.line_id = a.line_id AND b.state IN ('rejected', 'short')
            JOIN fulfillments AS w ON w.order_id = b.order_id AND w.fulfillment_id = b.fulfillment_id
            WHERE a.order_id = d.order_id AND a.fulfillment_id = d.fulfillment_id AND a.state = 'delivered'
        ), (
            -- What was told first of those that waited, before their supply moved.
            SELECT min(t.before)
            FROM (
                SELECT DISTINCT ON (m.line ->> 'line_id') (m.line ->> 'before')::timestamptz AS before
                FROM events AS e
                CROSS JOIN LATERAL json_array_elements(e.body -> 'lines') AS m (line)
                WHERE d.waited_for IS NOT NULL AND e.subject = d.order_id AND e.kind = 'PromiseChanged'
                    AND m.line ->> 'line_id' = ANY(d.waited_for) AND m.line ->> 'before' IS NOT NULL
                ORDER BY m.line ->> 'line_id', e.xid, e.seq
            ) AS t
        )) AS first_at
    FROM done AS d
)
SELECT
    name,
    count(*) AS done,
    count(*) FILTER (WHERE delivered_at <= promised_at) AS on_time,
    count(*) FILTER (WHERE is_full) AS in_full,
    count(*) FILTER (WHERE delivered_at <= promised_at AND is_full) AS on_time_in_full,
    count(*) FILTER (WHERE delivered_at <= first_at) AS first_kept,
    (avg(extract(epoch FROM delivered_at - promised_at) / 3600) FILTER (WHERE delivered_at > promised_at))::float8 AS hours_late
FROM judged
GROUP BY name
ORDER BY count(*) DESC, name;
