-- A set of unit prices that was taken back decides nothing from then on; what was decided by it is still explained from it.
ALTER TABLE price_sets ADD COLUMN taken_back_at timestamptz;
