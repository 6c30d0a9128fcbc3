-- Customers whose terms are known, what they use of their credit, and what they have agreed to call off.

-- A customer by the id that channels send. What was unpaid is as it was told last.
CREATE TABLE customers (
    customer_id text PRIMARY KEY,
    version integer NOT NULL CONSTRAINT customers_count_from_one CHECK (version > 0),
    document json NOT NULL,
    unpaid_minor bigint NOT NULL DEFAULT 0,
    unpaid_as_of timestamptz, -- null: nothing was told, and all that was invoiced counts
    changed_at timestamptz NOT NULL
);
INSERT INTO reference_versions VALUES ('customers', 1);

-- What of each order counts against its customer's credit and is not invoiced yet (minor units).
CREATE TABLE credit_uses (
    customer_id text NOT NULL,
    order_id text NOT NULL,
    open_minor bigint NOT NULL,
    held_minor bigint NOT NULL,
    PRIMARY KEY (customer_id, order_id)
);

-- What has left and is owed for, as it grew: what was told to be unpaid holds what came before.
CREATE TABLE credit_invoices (
    customer_id text NOT NULL,
    order_id text NOT NULL,
    version integer NOT NULL,
    invoiced_at timestamptz NOT NULL,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (customer_id, order_id, version)
);
CREATE INDEX credit_invoices_in_time ON credit_invoices (customer_id, invoiced_at);

-- What customers agreed to take over a time, and what their call-offs have taken of it.
CREATE TABLE blanket_orders (
    blanket_id text PRIMARY KEY,
    version integer NOT NULL CONSTRAINT blanket_orders_count_from_one CHECK (version > 0),
    customer_id text NOT NULL,
    document json NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX blanket_orders_by_customer ON blanket_orders (customer_id, blanket_id);
CREATE TABLE call_offs (
    blanket_id text NOT NULL,
    order_id text NOT NULL,
    sku text NOT NULL,
    quantity bigint NOT NULL CONSTRAINT call_offs_take_units CHECK (quantity >= 0),
    amount_minor bigint NOT NULL,
    called_at timestamptz NOT NULL,
    PRIMARY KEY (blanket_id, order_id, sku)
);
CREATE INDEX holds_for_credit ON holds (placed_at) WHERE type = 'credit' AND state = 'placed';
