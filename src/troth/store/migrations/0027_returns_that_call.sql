-- Returns that call a person: few among many, found without looking at the others.
CREATE INDEX returns_waiting ON returns (order_id) WHERE is_waiting;
CREATE INDEX returns_refund_held ON returns (opened_at, return_id) WHERE is_refund_held;
