-- What carts keep of the days of limited nodes, and for whom.

ALTER TABLE cart_holds
    ADD COLUMN customer_id text NOT NULL DEFAULT '',
    ADD COLUMN days json NOT NULL DEFAULT '[]'; -- [[node, day, shift], amount], sorted
CREATE INDEX cart_holds_by_customer ON cart_holds (channel, customer_id) WHERE state = 'held' AND customer_id <> '';
