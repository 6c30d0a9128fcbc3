-- Holds on terms of their own, and what is kept of exceptions: who looks after them, notes, and until when they are put off.

-- Null: the hold keeps its order from being released until it is lifted, as every hold did before.
ALTER TABLE holds ADD COLUMN terms json, ADD COLUMN escalated_at timestamptz;
CREATE INDEX holds_placed ON holds (placed_at, order_id, hold_id) WHERE state = 'placed';

INSERT INTO reference_versions VALUES ('hold-rules', 1);
