-- name: write_recalls
-- Writes recalls of orders, new or answered.
INSERT INTO recalls (order_id, recall_id, fulfillment_id, node, state, answer_by, document)
SELECT order_id, recall_id, fulfillment_id, node, state, answer_by, document
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::json[])
    AS r (order_id, recall_id, fulfillment_id, node, state, answer_by, document)
ON CONFLICT (order_id, recall_id) DO UPDATE SET
    state = excluded.state,
    answer_by = excluded.answer_by,
    document = excluded.document;

-- name: find_open_recalls
-- Finds a page of recalls that wait for an answer, the most urgent first, after the position given; of one node where one is named.
SELECT order_id, recall_id FROM recalls
WHERE state = 'requested'
    AND ($1::text IS NULL OR node = $1)
    AND ($2::timestamptz IS NULL OR (answer_by, order_id, recall_id) > ($2, $3::text, $4::text))
ORDER BY answer_by, order_id, recall_id
LIMIT $5;
