-- Trading partners, and the interchanges that they send and are sent.

CREATE TABLE edi_partners (
    partner_id text PRIMARY KEY,
    version integer NOT NULL CONSTRAINT edi_partners_count_from_one CHECK (version > 0),
    document json NOT NULL,
    changed_at timestamptz NOT NULL
);

-- The numbers taken with each partner, which outlive it: of interchanges out (their control numbers) and in, and how
-- often one was put out. Whose turn it is at its folder, and how that was last.
CREATE TABLE edi_exchanges (
    partner_id text PRIMARY KEY,
    number_out bigint NOT NULL DEFAULT 0,
    number_in bigint NOT NULL DEFAULT 0,
    position bigint NOT NULL DEFAULT 0,
    claimed_until timestamptz,
    attempt_at timestamptz NOT NULL DEFAULT now(),
    failures integer NOT NULL DEFAULT 0,
    last_error text NOT NULL DEFAULT '',
    wrote_at timestamptz,
    read_at timestamptz
);

-- Every interchange as it came or was written. `position` counts what was put out, anew where it is sent again;
-- `report` says what became of each transaction; `answers` is the number of the one that it acknowledges.
CREATE TABLE edi_interchanges (
    partner_id text NOT NULL,
    direction text NOT NULL,
    number bigint NOT NULL,
    control text NOT NULL,
    state text NOT NULL,
    content bytea NOT NULL,
    file text NOT NULL DEFAULT '',
    report json NOT NULL,
    at timestamptz NOT NULL,
    times integer NOT NULL DEFAULT 1,
    position bigint,
    sent_at timestamptz,
    acknowledge_by timestamptz,
    acknowledged_at timestamptz,
    answers bigint,
    PRIMARY KEY (partner_id, direction, number)
);
CREATE UNIQUE INDEX edi_interchanges_count_once ON edi_interchanges (partner_id, direction, control)
    WHERE state <> 'refused';
CREATE INDEX edi_interchanges_by_position ON edi_interchanges (partner_id, position) WHERE position IS NOT NULL;
CREATE INDEX edi_interchanges_to_send ON edi_interchanges (partner_id, position) WHERE sent_at IS NULL;
CREATE INDEX edi_interchanges_to_take ON edi_interchanges (at) WHERE state = 'received';
CREATE INDEX edi_interchanges_awaited ON edi_interchanges (acknowledge_by)
    WHERE acknowledge_by IS NOT NULL AND acknowledged_at IS NULL;

-- In which interchange a node is told of a message: each in one.
CREATE TABLE edi_messages (
    node text NOT NULL,
    message bigint NOT NULL,
    partner_id text NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (node, message)
);
CREATE INDEX edi_messages_by_interchange ON edi_messages (partner_id, number);

-- Why the system of a node refused a message, or why it could not be told.
ALTER TABLE node_messages ADD COLUMN refused_at timestamptz;
ALTER TABLE node_messages ADD COLUMN refused_why text NOT NULL DEFAULT '';
CREATE INDEX node_messages_unacknowledged ON node_messages (node, number) WHERE acknowledged_at IS NULL;
CREATE INDEX node_messages_refused ON node_messages (fulfillment_id) WHERE refused_at IS NOT NULL;
