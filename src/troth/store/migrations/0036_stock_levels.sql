-- The level of stock that a channel (empty: all) was last told of a SKU, over all nodes (node empty) or at one, where it is watched.
CREATE TABLE stock_levels (
    sku text NOT NULL,
    channel text NOT NULL,
    node text NOT NULL,
    level text NOT NULL,
    available bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (sku, channel, node)
);
CREATE INDEX stock_levels_by_change ON stock_levels (xid);

-- Levels follow the ledger from here on.
INSERT INTO cursors VALUES ('stock_levels', pg_current_xact_id(), 0);
INSERT INTO reference_versions VALUES ('stock-levels', 1);
