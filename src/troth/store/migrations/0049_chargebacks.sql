-- What trading partners take off invoices under their routing guides.

-- The orders that were promised under a guide and that are looked at again at `due_at` (null: when something happens).
CREATE TABLE charged_orders (
    order_id text PRIMARY KEY,
    due_at timestamptz
);
CREATE INDEX charged_orders_due ON charged_orders (due_at) WHERE due_at IS NOT NULL;

-- What the plan counted, by rule, when an order was promised.
CREATE TABLE chargebacks_expected (
    order_id text NOT NULL,
    rule text NOT NULL,
    customer_id text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    promised_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, rule)
);
CREATE INDEX chargebacks_expected_by_time ON chargebacks_expected (promised_at);

-- Each chargeback as it was incurred, and what was decided about it.
CREATE TABLE chargebacks (
    order_id text NOT NULL,
    chargeback_id text NOT NULL,
    customer_id text NOT NULL,
    guide text NOT NULL,
    rule text NOT NULL,
    subject text NOT NULL,
    line_id text NOT NULL,
    quantity bigint NOT NULL,
    amount_minor bigint NOT NULL CONSTRAINT chargebacks_take_something CHECK (amount_minor > 0),
    accepted_minor bigint NOT NULL DEFAULT 0,
    currency text NOT NULL,
    incurred_at timestamptz NOT NULL,
    written_at timestamptz NOT NULL,
    state text NOT NULL,
    reason text NOT NULL DEFAULT '',
    reference text NOT NULL DEFAULT '',
    decided_at timestamptz,
    decided_by text NOT NULL DEFAULT '',
    PRIMARY KEY (order_id, chargeback_id),
    CONSTRAINT chargebacks_accept_no_more_than_they_take CHECK (accepted_minor BETWEEN 0 AND amount_minor)
);
CREATE INDEX chargebacks_by_time ON chargebacks (incurred_at, chargeback_id);
CREATE INDEX chargebacks_accepted ON chargebacks (customer_id, decided_at) WHERE state = 'accepted';

INSERT INTO log_readers VALUES ('chargebacks', pg_current_xact_id(), 0);
