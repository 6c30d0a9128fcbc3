-- The account of an order's money: what it is paid with, and every effect that a gateway was asked for. It has a version of its own,
-- so that a gateway's answer never changes the order. A step is written before its gateway is asked, and never asked for under another key.

CREATE TABLE payment_accounts (
    order_id text PRIMARY KEY,
    version integer NOT NULL,
    currency text NOT NULL,
    tenders json NOT NULL,
    adjustments json NOT NULL,
    is_secured boolean NOT NULL DEFAULT false,
    is_stuck boolean NOT NULL DEFAULT false,
    lacking_minor bigint NOT NULL DEFAULT 0,
    touched bigint NOT NULL DEFAULT 0, -- how often something happened that the account must be looked at for
    due_at timestamptz,
    claimed_until timestamptz
);
CREATE INDEX payment_accounts_by_due ON payment_accounts (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payment_accounts_stuck ON payment_accounts (order_id) WHERE is_stuck;

CREATE TABLE payment_steps (
    order_id text NOT NULL,
    step integer NOT NULL CONSTRAINT payment_steps_count_from_one CHECK (step > 0),
    payment integer NOT NULL,
    tender integer NOT NULL,
    gateway text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    amount_minor bigint NOT NULL CONSTRAINT payment_steps_are_of_some_amount CHECK (amount_minor > 0),
    done_minor bigint NOT NULL,
    reference text NOT NULL,
    requested_at timestamptz NOT NULL,
    asked_at timestamptz,
    answered_at timestamptz,
    expires_at timestamptz,
    attempts integer NOT NULL,
    code text NOT NULL,
    detail text NOT NULL,
    is_final boolean NOT NULL,
    PRIMARY KEY (order_id, step),
    CONSTRAINT payment_steps_do_no_more_than_asked CHECK (kind = 'adopt' OR done_minor BETWEEN 0 AND amount_minor)
);
CREATE INDEX payment_steps_by_reference ON payment_steps (gateway, reference) WHERE reference <> '';
CREATE INDEX payment_steps_in_flight ON payment_steps (requested_at, order_id) WHERE state IN ('requested', 'unknown');

-- Notices of gateways that came in, so that one that comes again is known.
CREATE TABLE payment_notices (
    gateway text NOT NULL,
    notice_id text NOT NULL,
    kind text NOT NULL,
    order_id text,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (gateway, notice_id)
);
CREATE INDEX payment_notices_by_age ON payment_notices (received_at);

-- Accounts follow the log from here on; what was shipped and paid before is not settled once more.
INSERT INTO log_readers VALUES ('payments', pg_current_xact_id(), 0);

-- The books of the sandbox gateway, which plays a bank: nothing of ours reads them but through the gateway.
CREATE TABLE sandbox_payments (
    reference text PRIMARY KEY,
    key text NOT NULL,
    order_id text NOT NULL,
    token text NOT NULL,
    currency text NOT NULL,
    authorized_minor bigint NOT NULL,
    captured_minor bigint NOT NULL DEFAULT 0,
    refunded_minor bigint NOT NULL DEFAULT 0,
    is_voided boolean NOT NULL DEFAULT false,
    made_at timestamptz NOT NULL,
    expires_at timestamptz,
    CONSTRAINT sandbox_captures_what_is_authorized CHECK (captured_minor BETWEEN 0 AND authorized_minor),
    CONSTRAINT sandbox_refunds_what_is_captured CHECK (refunded_minor BETWEEN 0 AND captured_minor)
);
CREATE INDEX sandbox_payments_by_token ON sandbox_payments (token);
CREATE INDEX sandbox_payments_by_time ON sandbox_payments (made_at DESC, reference);

CREATE TABLE sandbox_effects (
    key text PRIMARY KEY,
    action text NOT NULL,
    reference text NOT NULL,
    amount_minor bigint NOT NULL,
    answer json NOT NULL,
    asked integer NOT NULL, -- how often the gateway was asked under this key; the effect is one
    made_at timestamptz NOT NULL,
    known_at timestamptz NOT NULL -- until then the gateway says that it has not decided
);
