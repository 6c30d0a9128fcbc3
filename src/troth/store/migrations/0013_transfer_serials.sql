-- Serial numbers of units that transfers move: with which transfer and line each left, and whether it arrived or was lost.
CREATE TABLE transfer_serials (
    sku text NOT NULL,
    serial text NOT NULL,
    transfer_id text NOT NULL,
    line integer NOT NULL,
    lot text NOT NULL,
    state text NOT NULL CONSTRAINT transfer_serials_state_is_known CHECK (state IN ('shipped', 'received', 'lost')),
    at timestamptz NOT NULL,
    PRIMARY KEY (sku, serial, transfer_id)
);
CREATE INDEX transfer_serials_by_transfer ON transfer_serials (transfer_id, line);
-- A unit is on its way once at a time.
CREATE UNIQUE INDEX transfer_serials_travel_once ON transfer_serials (sku, serial) WHERE state = 'shipped';
