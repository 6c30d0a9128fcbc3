-- The newest stock feed of each node.

-- As of when the newest feed is that was taken in as a whole and named the node: how old is what is known of its stock.
CREATE TABLE node_feeds (
    node text PRIMARY KEY,
    as_of timestamptz NOT NULL,
    feed text NOT NULL,
    reference text NOT NULL
);
INSERT INTO reference_versions VALUES ('node-feeds', 1);
