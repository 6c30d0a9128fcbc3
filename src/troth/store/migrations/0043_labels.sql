-- Labels of packages and of returns: each is written before its carrier is asked, and asked for under its own name only.

CREATE TABLE labels (
    order_id text NOT NULL,
    number integer NOT NULL CONSTRAINT labels_count_from_one CHECK (number > 0),
    subject text NOT NULL, -- the fulfillment or the return
    package_id text NOT NULL,
    node text NOT NULL,
    carrier text NOT NULL,
    state text NOT NULL,
    tracking_number text NOT NULL,
    version integer NOT NULL,
    touched bigint NOT NULL DEFAULT 0, -- how often something happened to its order that it must be looked at for
    due_at timestamptz,
    claimed_until timestamptz,
    label json NOT NULL,
    PRIMARY KEY (order_id, number)
);
-- However many ask at once, a package has one label that counts.
CREATE UNIQUE INDEX labels_are_one_of_a_package ON labels (order_id, subject, package_id) WHERE state IN ('requested', 'bought', 'voiding');
CREATE INDEX labels_by_due ON labels (due_at) WHERE due_at IS NOT NULL;

-- What carriers printed themselves.
CREATE TABLE label_papers (
    order_id text NOT NULL,
    number integer NOT NULL,
    paper text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (order_id, number, paper)
);

-- Serial references of SSCCs; a gap is harmless, a repetition is not.
CREATE SEQUENCE sscc_serials;

-- Labels follow the log from here on.
INSERT INTO log_readers VALUES ('labels', pg_current_xact_id(), 0);

-- The books of the simulated carrier, which plays a carrier: nothing of ours reads them but through it.
CREATE TABLE simulated_parcels (
    key text PRIMARY KEY,
    order_id text NOT NULL,
    carrier text NOT NULL,
    tracking_number text NOT NULL,
    service text NOT NULL,
    asked integer NOT NULL, -- how often it was asked under this key; the parcel is one
    made_at timestamptz NOT NULL,
    promised_at timestamptz NOT NULL,
    is_abroad boolean NOT NULL,
    from_city text NOT NULL,
    to_city text NOT NULL,
    voided_at timestamptz
);
CREATE UNIQUE INDEX simulated_parcels_by_number ON simulated_parcels (tracking_number);
