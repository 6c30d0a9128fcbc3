-- Returns: what is to come back of orders, what came, and what is credited for it.

-- The order's side: a row for each return of an order. `body` is the return as a whole; the other columns are what it is found by.
CREATE TABLE returns (
    order_id text NOT NULL,
    return_id text NOT NULL,
    number integer NOT NULL CONSTRAINT returns_count_from_one CHECK (number > 0),
    state text NOT NULL CONSTRAINT returns_state_is_known CHECK (
        state IN ('announced', 'in_transit', 'received', 'closed', 'expired', 'canceled')
    ),
    kind text NOT NULL,
    method text NOT NULL,
    node text,
    channel text NOT NULL,
    customer_id text NOT NULL,
    customer_email text NOT NULL,
    skus text[] NOT NULL,
    tracking_number text NOT NULL,
    units bigint NOT NULL,
    is_waiting boolean NOT NULL,
    is_refund_held boolean NOT NULL,
    is_without_receipt boolean NOT NULL,
    credited_minor bigint NOT NULL,
    due_minor bigint NOT NULL,
    opened_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    body json NOT NULL,
    PRIMARY KEY (order_id, return_id)
);
CREATE INDEX returns_newest ON returns (opened_at DESC, return_id DESC);
CREATE INDEX returns_by_node ON returns (node, opened_at DESC, return_id DESC);
CREATE INDEX returns_by_customer ON returns (channel, customer_id, opened_at);
CREATE INDEX returns_by_email ON returns (lower(customer_email), opened_at);
CREATE INDEX returns_by_tracking_number ON returns (tracking_number) WHERE tracking_number <> '';
CREATE INDEX returns_due ON returns (expires_at) WHERE state = 'announced';

INSERT INTO reference_versions VALUES ('return-rules', 1);
