-- What carriers are asked to pay for parcels that they lost or damaged.
CREATE TABLE carrier_claims (
    order_id text NOT NULL,
    claim_id text NOT NULL,
    fulfillment_id text NOT NULL,
    tracking_number text NOT NULL,
    carrier text NOT NULL,
    reason text NOT NULL,
    amount_minor bigint NOT NULL CONSTRAINT carrier_claims_ask_for_something CHECK (amount_minor > 0),
    currency text NOT NULL,
    state text NOT NULL,
    paid_minor bigint NOT NULL DEFAULT 0,
    reference text NOT NULL DEFAULT '',
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (order_id, claim_id)
);
-- Of a parcel one claim is open at a time, and none follows one that was paid.
CREATE UNIQUE INDEX carrier_claims_of_a_parcel ON carrier_claims (order_id, fulfillment_id, tracking_number)
    WHERE state IN ('open', 'paid');
CREATE INDEX carrier_claims_by_time ON carrier_claims (opened_at, claim_id);
