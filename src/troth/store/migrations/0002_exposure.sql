-- Rules of exposure: what orders have taken of protections and quotas, and what nodes sell.

ALTER TABLE allocations ADD COLUMN draws json;

-- What is counted against a protection (at its node) or against a holder's quota of a period; empty where it is of all.
CREATE TABLE draws (
    sku text NOT NULL,
    rule text NOT NULL,
    node text NOT NULL,
    holder text NOT NULL,
    period text NOT NULL,
    used bigint NOT NULL CONSTRAINT draws_give_back_nothing_twice CHECK (used >= 0),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (sku, rule, node, holder, period)
) WITH (fillfactor = 70);
CREATE INDEX draws_by_rule ON draws (rule);
CREATE INDEX draws_in_order ON draws (xid);

-- What a node sells of an item: units a week, their standard deviation, and how many days it waits for more.
CREATE TABLE sales_rates (
    sku text NOT NULL,
    node text NOT NULL,
    weekly_units double precision NOT NULL CONSTRAINT sales_rates_are_amounts CHECK (weekly_units >= 0),
    weekly_deviation double precision NOT NULL CONSTRAINT sales_rates_vary_by_amounts CHECK (weekly_deviation >= 0),
    lead_days double precision NOT NULL CONSTRAINT sales_rates_wait_forwards CHECK (lead_days >= 0),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (sku, node)
);
INSERT INTO reference_versions VALUES ('sales-rates', 1);
