-- Stock may be held by lots: supplies of their own beside what is on hand, with the last day on which each is good.

ALTER TABLE balances ADD COLUMN expires_on date;
CREATE INDEX balances_by_expiry ON balances (expires_on, node, sku, source) WHERE expires_on IS NOT NULL;
