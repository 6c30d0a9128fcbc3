-- What was seen of how often stock is really found: trials by node and category, and a record of each position that was
-- ever counted or missed. Trials are as they weigh at `as_of`. `xid` is the transaction that wrote a row last, so that
-- processes which hold a copy read only what is new.

CREATE TABLE find_evidence (
    node text NOT NULL,
    category text NOT NULL,
    as_of timestamptz NOT NULL,
    found double precision NOT NULL,
    missed double precision NOT NULL,
    observations bigint NOT NULL,
    units bigint NOT NULL,
    xid xid8 NOT NULL,
    PRIMARY KEY (node, category),
    CONSTRAINT find_evidence_is_no_debt CHECK (found >= 0 AND missed >= 0)
) WITH (fillfactor = 50);
CREATE INDEX find_evidence_by_change ON find_evidence (xid);

CREATE TABLE position_records (
    sku text NOT NULL,
    node text NOT NULL,
    category text NOT NULL,
    as_of timestamptz NOT NULL,
    found double precision NOT NULL,
    missed double precision NOT NULL,
    moved bigint NOT NULL,
    counted_at timestamptz,
    variance bigint NOT NULL,
    missed_at timestamptz,
    missed_units bigint NOT NULL,
    missed_by text NOT NULL,
    xid xid8 NOT NULL,
    PRIMARY KEY (sku, node),
    CONSTRAINT position_records_are_no_debt CHECK (found >= 0 AND missed >= 0)
) WITH (fillfactor = 70);
-- Few positions were ever missed, and only those have a probability of their own.
CREATE INDEX position_records_missed ON position_records (xid) WHERE missed > 0;
CREATE INDEX position_records_missed_by_node ON position_records (node, as_of) WHERE missed > 0;

-- How far a reader of the event log is that keeps what it makes of it in tables of its own: moved in the same transaction.
CREATE TABLE log_readers (
    reader text PRIMARY KEY,
    xid xid8 NOT NULL,
    seq bigint NOT NULL
);
INSERT INTO log_readers VALUES ('accuracy', '0', 0);

INSERT INTO reference_versions VALUES ('find-rates', 1);
