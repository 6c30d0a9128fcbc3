-- What trading partners charge back, and the ship notices that they wait for.

-- Each version of a routing guide by its name, which orders that were promised under it keep as an attribute.
CREATE TABLE routing_guides (
    guide text PRIMARY KEY,
    document json NOT NULL,
    kept_at timestamptz NOT NULL
);
CREATE INDEX orders_under_guides ON orders ((attributes ->> 'routing_guide')) WHERE attributes ->> 'routing_guide' IS NOT NULL;

-- The ship notices that were sent; by when one is due follows from when the goods left.
CREATE TABLE ship_notices (
    fulfillment_id text PRIMARY KEY,
    order_id text NOT NULL,
    due_at timestamptz NOT NULL,
    sent_at timestamptz NOT NULL,
    reference text NOT NULL
);
