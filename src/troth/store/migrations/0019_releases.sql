-- When reserved work is going to be handed to its node, where that is not at once: by itself, or in a wave. What is in it is
-- a copy of its order's, written with it, so that a wave is put in order without reading the orders.
CREATE TABLE planned_releases (
    order_id text NOT NULL,
    fulfillment_id text NOT NULL,
    node text NOT NULL,
    release_at timestamptz NOT NULL,
    latest_at timestamptz NOT NULL,
    wave text NOT NULL,
    promised_at timestamptz NOT NULL,
    priority integer NOT NULL,
    lines integer NOT NULL,
    units bigint NOT NULL,
    PRIMARY KEY (order_id, fulfillment_id)
);
CREATE INDEX planned_releases_by_wave ON planned_releases (release_at, wave) WHERE wave <> '';
CREATE INDEX planned_releases_by_latest ON planned_releases (latest_at);

-- What waves have taken, counted in the transaction that takes it, and what a person did to them.
CREATE TABLE waves (
    wave text PRIMARY KEY,
    release_at timestamptz NOT NULL,
    state text NOT NULL CONSTRAINT waves_state_is_known CHECK (state IN ('open', 'held', 'closed')),
    orders bigint NOT NULL DEFAULT 0,
    lines bigint NOT NULL DEFAULT 0,
    units bigint NOT NULL DEFAULT 0,
    changed_at timestamptz,
    changed_by text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT ''
);
CREATE INDEX waves_by_time ON waves (release_at);

-- Requests to nodes to give released work back, with what is to be done then.
CREATE TABLE recalls (
    order_id text NOT NULL,
    recall_id text NOT NULL,
    fulfillment_id text NOT NULL,
    node text NOT NULL,
    state text NOT NULL,
    answer_by timestamptz,
    document json NOT NULL,
    PRIMARY KEY (order_id, recall_id)
);
CREATE INDEX recalls_open ON recalls (node, answer_by) WHERE state = 'requested';

INSERT INTO reference_versions VALUES ('release-rules', 1);
