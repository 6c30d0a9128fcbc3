-- Transfers, counts and feeds of stock.

-- What a transfer shall move; what of it is on its way, arrived or lost is said by the ledger.
CREATE TABLE transfers (
    transfer_id text PRIMARY KEY,
    version integer NOT NULL,
    sender text NOT NULL,
    receiver text NOT NULL,
    document json NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX transfers_by_sender ON transfers (sender, transfer_id);
CREATE INDEX transfers_by_receiver ON transfers (receiver, transfer_id);

-- The newest count of each supply on hand, so that an older one that comes later does not undo it.
CREATE TABLE counts (
    sku text NOT NULL,
    node text NOT NULL,
    as_of timestamptz NOT NULL,
    on_hand bigint NOT NULL CONSTRAINT counts_find_no_less_than_nothing CHECK (on_hand >= 0),
    reference text NOT NULL,
    counted_at timestamptz NOT NULL,
    PRIMARY KEY (sku, node)
) WITH (fillfactor = 60);
CREATE INDEX entries_of_counts ON entries (at, seq) WHERE kind = 'count'; -- few among many

-- How far each feed was taken in. `rows_done` and `prefix_digest` are of the rows that are in the ledger already, and move in the
-- same transaction as it, so that a feed that was cut off goes on where it was, and one that is sent again does nothing.
CREATE TABLE stock_feeds (
    feed text NOT NULL,
    reference text NOT NULL,
    sequence bigint,
    mode text NOT NULL CONSTRAINT stock_feeds_mode_is_known CHECK (mode IN ('positions', 'deltas')),
    as_of timestamptz NOT NULL,
    rows_done bigint NOT NULL,
    prefix_digest text NOT NULL,
    is_whole boolean NOT NULL,
    account json NOT NULL,
    actor text NOT NULL,
    started_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (feed, reference)
);
CREATE INDEX stock_feeds_by_time ON stock_feeds (feed, started_at DESC, reference);
