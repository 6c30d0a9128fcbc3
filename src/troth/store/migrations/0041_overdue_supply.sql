-- Supply that should have come, by when. Not by what is left of it: that would make an index of every movement of stock.
CREATE INDEX balances_by_arrival ON balances (expected_at) WHERE expected_at IS NOT NULL;
