-- Units that lie at no supply: who waits for stock, and for whom a person is called. A row for each such line of an order.

-- The order's side: `skus` are what could cover the line; `looked_at` is when that was last tried, and no part of the order.
CREATE TABLE parked (
    order_id text NOT NULL,
    line_id text NOT NULL,
    skus text[] NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL,
    is_waiting boolean NOT NULL,
    until timestamptz,
    promised_at timestamptz,
    is_sought boolean NOT NULL,
    looked_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, line_id)
);
CREATE INDEX parked_by_sku ON parked USING gin (skus) WITH (fastupdate = off);
CREATE INDEX parked_by_look ON parked (looked_at);
CREATE INDEX parked_exceptions ON parked (since, order_id, line_id) WHERE NOT is_waiting;

-- Only what waits for a purchase order is in it, so that an order from stock does not pay for it.
CREATE INDEX allocations_of_dated_supply_by_sku ON allocations (sku, node, order_id) WHERE source <> 'on_hand';

-- What moves a supply other than an order that takes of it: few entries among many.
CREATE INDEX entries_that_move_supply ON entries (xid, seq) WHERE kind NOT IN ('pending', 'post');

-- How far readers of the ledger have come that are no subscribers.
CREATE TABLE cursors (
    name text PRIMARY KEY,
    xid xid8 NOT NULL,
    seq bigint NOT NULL
);
INSERT INTO cursors VALUES ('repromise', pg_current_xact_id(), 0);
