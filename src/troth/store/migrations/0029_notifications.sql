-- What customers are told: what is to be sent is written first, then sent, then recorded. It belongs to its order.
CREATE TABLE notifications (
    order_id text NOT NULL,
    notification_id text NOT NULL,
    rule text NOT NULL,
    label text NOT NULL, -- the document of the rule; empty: it is built in
    kind text NOT NULL,
    medium text NOT NULL,
    state text NOT NULL CONSTRAINT notifications_state_is_known CHECK (
        state IN ('waiting', 'sending', 'retrying', 'sent', 'failed', 'bounced', 'dropped')
    ),
    causes text[] NOT NULL, -- positions in the log of what it tells
    resend_of text NOT NULL DEFAULT '',
    made_at timestamptz NOT NULL,
    due_at timestamptz, -- null: nothing more is sent
    claimed_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    attempted_at timestamptz,
    gives_up_at timestamptz,
    sent_at timestamptz,
    address text NOT NULL DEFAULT '',
    language text NOT NULL DEFAULT '',
    message_id text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    letter json, -- what is sent, from the first attempt on
    PRIMARY KEY (order_id, notification_id)
);
-- What happens while one waits goes into it.
CREATE UNIQUE INDEX notifications_wait_once ON notifications (order_id, rule, medium) WHERE state = 'waiting';
CREATE INDEX notifications_by_due ON notifications (due_at, notification_id) WHERE due_at IS NOT NULL;
CREATE INDEX notifications_by_time ON notifications (made_at DESC, notification_id DESC);
CREATE INDEX notifications_by_message ON notifications (message_id) WHERE message_id <> '';

-- Who is not sent something any more: by a medium, of a kind (empty: all that may be opted out of; of `bounced` addresses all).
CREATE TABLE opt_outs (
    address text NOT NULL,
    medium text NOT NULL,
    kind text NOT NULL,
    because text NOT NULL,
    at timestamptz NOT NULL,
    said_by text NOT NULL,
    PRIMARY KEY (address, medium, kind)
);

-- What customers chose by the links of a notification: one thing, of which it is known what is being done from before it is.
CREATE TABLE choices_made (
    order_id text NOT NULL,
    notification_id text NOT NULL,
    choice integer NOT NULL,
    begun_at timestamptz NOT NULL,
    done_at timestamptz,
    PRIMARY KEY (order_id, notification_id)
);

-- What signs the links in notifications; made here, so that none is the same anywhere else.
CREATE TABLE link_keys (
    key_id integer PRIMARY KEY,
    secret bytea NOT NULL,
    made_at timestamptz NOT NULL
);
INSERT INTO link_keys VALUES (1, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), now());

-- Customers are told of what happens from here on.
INSERT INTO log_readers VALUES ('notifications', pg_current_xact_id(), 0);
INSERT INTO reference_versions VALUES ('notification-rules', 1);
