-- How long things take, measured from the log; the orders on their way, that are looked at again and again; what is expected of their
-- work; and the links by which customers see where their goods are.

CREATE TABLE stage_times (
    stage text NOT NULL,
    name text NOT NULL, -- of whom it was measured: parts divided by '/', the general ones first; empty: of all
    as_of timestamptz NOT NULL,
    counts double precision[] NOT NULL,
    observations bigint NOT NULL,
    PRIMARY KEY (stage, name)
);

CREATE TABLE watched_orders (
    order_id text PRIMARY KEY,
    touched bigint NOT NULL, -- how often something happened that it must be looked at for
    look_at timestamptz NOT NULL,
    claimed_until timestamptz
);
CREATE INDEX watched_orders_by_time ON watched_orders (look_at);

CREATE TABLE predictions (
    order_id text NOT NULL,
    fulfillment_id text NOT NULL,
    step text NOT NULL,
    promised_at timestamptz NOT NULL,
    percent smallint NOT NULL CONSTRAINT predictions_are_shares CHECK (percent BETWEEN 0 AND 100),
    early_at timestamptz NOT NULL,
    expected_at timestamptz NOT NULL,
    late_at timestamptz NOT NULL,
    predicted_at timestamptz NOT NULL,
    trouble text NOT NULL, -- what a carrier said of a parcel that a person must know: lost, damaged, returned; empty: nothing
    trouble_at timestamptz,
    called_at timestamptz, -- when a rule called a person because of this promise
    rule text NOT NULL,
    owner text NOT NULL,
    PRIMARY KEY (order_id, fulfillment_id)
);
-- Few rows among many.
CREATE INDEX predictions_called ON predictions (called_at) WHERE called_at IS NOT NULL;
CREATE INDEX predictions_troubled ON predictions (trouble_at) WHERE trouble <> '';

-- A link is derived from the order and its number; only what was taken back, and is not the first any more, has a row.
CREATE TABLE tracking_links (
    order_id text PRIMARY KEY,
    number integer NOT NULL CONSTRAINT tracking_links_count_on CHECK (number > 0),
    is_open boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
CREATE TABLE tracking_secrets (
    secret bytea PRIMARY KEY,
    made_at timestamptz NOT NULL
);

-- What the log has is learned from; orders are watched from here on.
INSERT INTO log_readers VALUES ('stage-times', '0', 0), ('watch', pg_current_xact_id(), 0);
