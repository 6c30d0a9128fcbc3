-- What people say of exceptions: who looks after them, until when they are put off, and notes. The exceptions themselves are read
-- from orders, work, holds and stock, and end when what they are read from does.
CREATE TABLE exception_marks (
    exception_id text PRIMARY KEY,
    owner text NOT NULL,
    snoozed_until timestamptz,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
CREATE INDEX exception_marks_by_age ON exception_marks (changed_at);

CREATE TABLE exception_notes (
    exception_id text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    noted_by text NOT NULL,
    note text NOT NULL,
    PRIMARY KEY (exception_id, number)
);

-- Few rows among many, so that who has none of it does not pay for it.
CREATE INDEX order_lines_by_need ON order_lines (need_by, order_id) WHERE need_by IS NOT NULL;
CREATE INDEX balances_in_deficit ON balances (sku, node, source) WHERE deficit > 0;

-- What could not be captured, as it was sent, until a person has fixed it and it was captured, or it was dropped.
CREATE TABLE intake (
    intake_id text PRIMARY KEY,
    version integer NOT NULL,
    state text NOT NULL CONSTRAINT intake_state_is_known CHECK (state IN ('waiting', 'captured', 'dropped')),
    entrance text NOT NULL,
    channel text NOT NULL,
    external_id text NOT NULL,
    digest text NOT NULL,
    body json NOT NULL,
    findings json NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL,
    times_received integer NOT NULL,
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,
    order_id text,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    reason text NOT NULL
);
CREATE INDEX intake_waiting ON intake (received_at, intake_id) WHERE state = 'waiting';
CREATE INDEX intake_waiting_by_digest ON intake (digest) WHERE state = 'waiting';
