-- The parcels on their way, and when their carrier is asked where they are; carriers by name in small letters.
CREATE TABLE polled_parcels (
    order_id text NOT NULL,
    fulfillment_id text NOT NULL,
    tracking_number text NOT NULL,
    carrier text NOT NULL,
    shipped_at timestamptz NOT NULL,
    ask_at timestamptz NOT NULL,
    claimed_until timestamptz,
    PRIMARY KEY (order_id, fulfillment_id, tracking_number)
);
CREATE INDEX polled_parcels_by_time ON polled_parcels (carrier, ask_at);

-- What was shipped before is asked about as well: it is read from the log.
INSERT INTO log_readers VALUES ('polled parcels', '0', 0);
