-- Units with a serial number: those of a fulfillment stand with it, and where each one went is found by its number.

ALTER TABLE fulfillments ADD COLUMN serials json NOT NULL DEFAULT '[]';

-- A serial of a SKU is with one fulfillment at a time; whether its units are still live there tells whether it is free.
CREATE TABLE serials (
    sku text NOT NULL,
    serial text NOT NULL,
    order_id text NOT NULL,
    fulfillment_id text NOT NULL,
    line_id text NOT NULL,
    named_at timestamptz NOT NULL,
    PRIMARY KEY (sku, serial)
);
