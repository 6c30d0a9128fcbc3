-- Goods that wait for their customer: who said what of them, and until when they are kept, as one value.
CREATE TABLE pickups (
    order_id text NOT NULL,
    fulfillment_id text NOT NULL,
    node text NOT NULL,
    keep_until timestamptz,
    here_at timestamptz,
    document json NOT NULL,
    PRIMARY KEY (order_id, fulfillment_id)
);
-- Only customers who wait are in it.
CREATE INDEX pickups_here ON pickups (node, here_at) WHERE here_at IS NOT NULL;
CREATE INDEX fulfillments_to_put_back ON fulfillments (node, ship_by, fulfillment_id) WHERE status IN ('uncollected', 'unclaimed');

INSERT INTO reference_versions VALUES ('work-rules', 1);
