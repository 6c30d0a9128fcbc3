-- Two families of tables, by the first column of the primary key: the order's side (order_id) and the stock's side (sku).
-- No foreign key and no unique constraint crosses a family or leaves out its key; nodes, items and the like are reference tables.

-- A row of the order's side is written only by the statement that writes its order, so the hot tables carry no foreign key
-- (a check for every row, some 40 microseconds an order); `troth doctor` looks for orphans.

-- The order's side ---------------------------------------------------------------------------------------------------

CREATE TABLE orders (
    order_id text PRIMARY KEY,
    channel text NOT NULL,
    external_id text NOT NULL,
    digest text NOT NULL,
    version integer NOT NULL,
    status text NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL,
    ordered_at timestamptz NOT NULL,
    captured_at timestamptz NOT NULL,
    release_at timestamptz NOT NULL,
    due_at timestamptz,
    released_at timestamptz,
    canceled_at timestamptz,
    promised_at timestamptz,
    customer_id text NOT NULL,
    customer_name text NOT NULL,
    customer_email text NOT NULL,
    customer_phone text NOT NULL,
    ship_to json,
    method text NOT NULL,
    pickup_node text,
    service text NOT NULL,
    ship_complete boolean NOT NULL,
    payments json NOT NULL,
    attributes json NOT NULL,
    policy_version text NOT NULL,
    shipments_max integer
);
CREATE INDEX orders_by_time ON orders (captured_at DESC, order_id);
CREATE INDEX orders_by_status ON orders (status, captured_at DESC, order_id);
CREATE INDEX orders_by_customer ON orders (customer_id, captured_at DESC) WHERE customer_id <> '';
CREATE INDEX orders_by_email ON orders (lower(customer_email) text_pattern_ops) WHERE customer_email <> '';
CREATE INDEX orders_by_external_id ON orders (external_id text_pattern_ops);
CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE order_lines (
    order_id text NOT NULL,
    line_id text NOT NULL,
    position integer NOT NULL,
    sku text NOT NULL,
    quantity bigint NOT NULL CONSTRAINT order_lines_want_something CHECK (quantity > 0),
    unit_price_minor bigint NOT NULL,
    need_by timestamptz,
    not_before timestamptz,
    canceled_quantity bigint NOT NULL
        CONSTRAINT order_lines_cancel_at_most_all CHECK (canceled_quantity BETWEEN 0 AND quantity),
    terms json,
    PRIMARY KEY (order_id, line_id)
);
CREATE INDEX order_lines_by_sku ON order_lines (sku, order_id);

CREATE TABLE allocations (
    order_id text NOT NULL,
    allocation integer NOT NULL,
    line_id text NOT NULL,
    sku text NOT NULL,
    node text NOT NULL,
    source text NOT NULL,
    quantity bigint NOT NULL CONSTRAINT allocations_hold_something CHECK (quantity > 0),
    state text NOT NULL,
    fulfillment_id text NOT NULL,
    PRIMARY KEY (order_id, allocation)
);
CREATE INDEX allocations_of_dated_supply ON allocations (source, order_id) WHERE source <> 'on_hand';

CREATE TABLE fulfillments (
    order_id text NOT NULL,
    fulfillment_id text NOT NULL,
    node text NOT NULL,
    status text NOT NULL,
    method text NOT NULL,
    service text NOT NULL,
    ship_by timestamptz NOT NULL,
    promised_from timestamptz NOT NULL,
    promised_at timestamptz NOT NULL,
    cost json NOT NULL,
    packages json NOT NULL,
    tracking_numbers text[] NOT NULL,
    staging text NOT NULL,
    collected_by text NOT NULL,
    shipped_at timestamptz,
    delivered_at timestamptz,
    via text,
    booking json,
    PRIMARY KEY (order_id, fulfillment_id)
);
CREATE INDEX fulfillments_by_node ON fulfillments (node, status, ship_by, fulfillment_id);
-- Only what is at a node or on its way is in it, so that capturing an order does not pay for it.
CREATE INDEX fulfillments_of_work ON fulfillments (status, ship_by, fulfillment_id)
    WHERE status IN ('released', 'accepted', 'picked', 'packed', 'ready', 'shipped');
CREATE INDEX fulfillments_by_via ON fulfillments (via, status, ship_by, fulfillment_id) WHERE via IS NOT NULL;
CREATE INDEX fulfillments_by_tracking ON fulfillments USING gin (tracking_numbers) WITH (fastupdate = off)
    WHERE tracking_numbers <> '{}';

CREATE TABLE holds (
    order_id text NOT NULL REFERENCES orders,
    hold_id text NOT NULL,
    type text NOT NULL,
    reason text NOT NULL,
    placed_by text NOT NULL,
    placed_at timestamptz NOT NULL,
    state text NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (order_id, hold_id)
);

CREATE TABLE explanations (
    order_id text NOT NULL,
    version integer NOT NULL,
    at timestamptz NOT NULL,
    trace json NOT NULL,
    PRIMARY KEY (order_id, version)
);

-- The stock's side ---------------------------------------------------------------------------------------------------

CREATE TABLE balances (
    sku text NOT NULL,
    node text NOT NULL,
    source text NOT NULL,
    on_hand bigint NOT NULL,
    reserved bigint NOT NULL CONSTRAINT balances_reserve_nothing_twice CHECK (reserved >= 0),
    deficit bigint NOT NULL CONSTRAINT balances_deficit_is_no_stock CHECK (deficit >= 0),
    expected_at timestamptz,
    PRIMARY KEY (sku, node, source),
    CONSTRAINT balances_never_oversold CHECK (reserved <= on_hand + deficit)
) WITH (fillfactor = 70);
CREATE INDEX balances_by_node ON balances (node, sku);

CREATE TABLE entries (
    sku text NOT NULL,
    node text NOT NULL,
    source text NOT NULL,
    at timestamptz NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    on_hand_delta bigint NOT NULL,
    reserved_delta bigint NOT NULL,
    order_id text,
    allocation integer,
    reason text NOT NULL,
    reference text NOT NULL,
    PRIMARY KEY (sku, node, at, seq)
) PARTITION BY RANGE (at);
CREATE TABLE entries_default PARTITION OF entries DEFAULT;
CREATE INDEX entries_in_order ON entries (xid, seq);

-- What limited nodes have promised of their days, or of the shifts of a day.
CREATE TABLE node_days (
    node text NOT NULL,
    day date NOT NULL,
    shift smallint NOT NULL,
    capacity bigint NOT NULL,
    used bigint NOT NULL CONSTRAINT node_days_use_nothing_twice CHECK (used >= 0),
    xid xid8 NOT NULL,
    PRIMARY KEY (node, day, shift),
    CONSTRAINT node_days_never_overbooked CHECK (used <= capacity)
) WITH (fillfactor = 50);
CREATE INDEX node_days_by_day ON node_days (day);

-- What is kept for carts that are no orders yet.
CREATE TABLE cart_holds (
    hold_id text PRIMARY KEY,
    channel text NOT NULL,
    state text NOT NULL,
    held_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    skus text[] NOT NULL,
    nodes text[] NOT NULL,
    sources text[] NOT NULL,
    quantities bigint[] NOT NULL
);
CREATE INDEX cart_holds_by_end ON cart_holds (expires_at, hold_id) WHERE state = 'held';

-- The event log: audit trail, outbox, change feed and replay tape -----------------------------------------------------

CREATE TABLE events (
    subject text NOT NULL,
    at timestamptz NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    version smallint NOT NULL,
    body json NOT NULL,
    actor text NOT NULL,
    cause text NOT NULL,
    policy_version text NOT NULL,
    PRIMARY KEY (subject, at, seq)
) PARTITION BY RANGE (at);
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE INDEX events_in_order ON events (xid, seq);
CREATE INDEX events_by_time ON events USING brin (at);
CREATE INDEX events_of_configuration ON events (xid, seq) WHERE kind = 'ConfigurationSet'; -- few among many

CREATE TABLE idempotency_keys (
    actor text NOT NULL,
    key text NOT NULL,
    request_digest text NOT NULL,
    status smallint NOT NULL,
    answer bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- A seal covers every event and entry up to its position and the seal before it: a later change of one of them shows.
CREATE TABLE seals (
    number bigint PRIMARY KEY,
    through_xid xid8 NOT NULL,
    sealed_rows bigint NOT NULL,
    digest text NOT NULL,
    sealed_at timestamptz NOT NULL
);

-- Subscribers read the event log, each with a cursor of its own ------------------------------------------------------

-- `replay_*` is a cursor that was asked for while a worker may be sending; it is taken over by the next claim.
CREATE TABLE subscriptions (
    subscription_id text PRIMARY KEY,
    version integer NOT NULL,
    name text NOT NULL,
    url text NOT NULL,
    secret text NOT NULL,
    kinds text[] NOT NULL,
    batch_max integer NOT NULL,
    state text NOT NULL CONSTRAINT subscriptions_state_is_known CHECK (state IN ('active', 'paused')),
    created_at timestamptz NOT NULL,
    cursor_xid xid8 NOT NULL,
    cursor_seq bigint NOT NULL,
    replay_xid xid8,
    replay_seq bigint,
    sequence bigint NOT NULL DEFAULT 0,
    delivered text NOT NULL DEFAULT '',
    failures integer NOT NULL DEFAULT 0,
    attempt_at timestamptz NOT NULL,
    claimed_until timestamptz,
    last_error text NOT NULL DEFAULT ''
);

CREATE TABLE deliveries (
    subscription_id text NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
    xid xid8 NOT NULL,
    seq bigint NOT NULL,
    sequence bigint NOT NULL,
    previous text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    attempts integer NOT NULL,
    attempted_at timestamptz NOT NULL,
    status integer,
    answer text NOT NULL,
    is_delivered boolean NOT NULL,
    resend_at timestamptz,
    PRIMARY KEY (subscription_id, xid, seq)
);
CREATE INDEX deliveries_by_age ON deliveries (attempted_at);
CREATE INDEX deliveries_to_resend ON deliveries (resend_at) WHERE resend_at IS NOT NULL;

-- Reference tables ---------------------------------------------------------------------------------------------------

CREATE TABLE nodes (
    node text PRIMARY KEY,
    version integer NOT NULL,
    type text NOT NULL,
    document json NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE items (
    sku text PRIMARY KEY,
    version integer NOT NULL,
    name text NOT NULL,
    category text NOT NULL,
    gtin text NOT NULL,
    document json NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX items_by_name ON items (lower(name) text_pattern_ops);

CREATE TABLE purchase_orders (
    number text PRIMARY KEY,
    version integer NOT NULL,
    document json NOT NULL,
    changed_at timestamptz NOT NULL
);

-- One row a family of reference data: processes that hold a copy see by its version that it is stale.
CREATE TABLE reference_versions (
    family text PRIMARY KEY,
    version bigint NOT NULL
);
INSERT INTO reference_versions VALUES
    ('nodes', 1),
    ('items', 1),
    ('routings', 1),
    ('rate-cards', 1),
    ('lane-tables', 1),
    ('exposure-rules', 1),
    ('alert-rules', 1),
    ('message-templates', 1);

-- Versioned configuration. A version is never changed: its content can be changed only by saving another one.
CREATE TABLE documents (
    family text NOT NULL REFERENCES reference_versions,
    name text NOT NULL,
    version integer NOT NULL CONSTRAINT documents_count_from_one CHECK (version > 0),
    body json NOT NULL,
    digest text NOT NULL,
    note text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (family, name, version)
);

-- What was put in force when, in the order in which it was said; nothing in it ever changes either. What is in force, and
-- whether a version is a draft, active, scheduled or retired, follows from these rows and the time. An act names the version
-- that decides from `effective_from` on, or none (back to what is built in), or the earlier act that it undoes.
CREATE TABLE activations (
    family text NOT NULL,
    number integer NOT NULL CONSTRAINT activations_count_from_one CHECK (number > 0),
    name text NOT NULL,
    version integer,
    undoes integer,
    effective_from timestamptz NOT NULL,
    canary_percent integer
        CONSTRAINT activations_canary_is_a_part CHECK (canary_percent IS NULL OR (canary_percent BETWEEN 1 AND 99 AND version IS NOT NULL)),
    reason text NOT NULL,
    acted_at timestamptz NOT NULL,
    acted_by text NOT NULL,
    PRIMARY KEY (family, number),
    FOREIGN KEY (family, name, version) REFERENCES documents,
    FOREIGN KEY (family, undoes) REFERENCES activations,
    CONSTRAINT activations_undo_once UNIQUE (family, undoes),
    CONSTRAINT activations_do_or_undo CHECK (undoes IS NULL OR (version IS NULL AND canary_percent IS NULL))
);
CREATE INDEX activations_by_name ON activations (family, name, number);

-- `nodes` and `customers` say to which of them a key or a user is bound; null is no bound.
CREATE TABLE api_keys (
    key_id text PRIMARY KEY,
    digest bytea NOT NULL CONSTRAINT api_keys_are_told_apart UNIQUE,
    name text NOT NULL,
    scopes text[] NOT NULL,
    nodes text[],
    customers text[],
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE users (
    login text PRIMARY KEY,
    name text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL,
    nodes text[],
    customers text[],
    created_at timestamptz NOT NULL
);

CREATE TABLE sessions (
    digest bytea PRIMARY KEY,
    login text NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_by_login ON sessions (login);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
