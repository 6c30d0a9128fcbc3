-- What nodes with systems of their own are told of their work, and how far they are with it.

-- The number of the newest message to each node.
CREATE TABLE node_message_numbers (
    node text PRIMARY KEY,
    number bigint NOT NULL
);
-- The messages to each node, numbered without gaps. What each says is in the log, at (xid, seq).
CREATE TABLE node_messages (
    node text NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL,
    fulfillment_id text NOT NULL,
    told_at timestamptz NOT NULL,
    xid xid8 NOT NULL,
    seq bigint NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    PRIMARY KEY (node, number)
);
CREATE INDEX node_messages_by_position ON node_messages (xid, seq);
CREATE INDEX node_messages_to_acknowledge ON node_messages (fulfillment_id) WHERE acknowledged_at IS NULL;
-- What a node was told last of each work, and by when it has to answer; units 0: it was withdrawn.
CREATE TABLE node_works (
    fulfillment_id text PRIMARY KEY,
    order_id text NOT NULL,
    node text NOT NULL,
    number bigint NOT NULL,
    units bigint NOT NULL,
    digest text NOT NULL,
    recall_id text NOT NULL,
    acknowledge_by timestamptz,
    acknowledged_at timestamptz,
    ship_within timestamptz,
    silent_since timestamptz
);
CREATE INDEX node_works_to_acknowledge ON node_works (acknowledge_by)
    WHERE acknowledge_by IS NOT NULL AND acknowledged_at IS NULL AND units > 0;
CREATE INDEX node_works_to_ship ON node_works (ship_within) WHERE ship_within IS NOT NULL AND units > 0;
INSERT INTO log_readers VALUES ('node messages', '0', 0);
-- Whose events a subscription gets: those that tell one node of its work, or all.
ALTER TABLE subscriptions ADD COLUMN node text;
