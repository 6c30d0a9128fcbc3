-- Discounts and taxes of lines, and how an order takes its taxes and what its delivery costs; NULL where there is none.
ALTER TABLE orders ADD COLUMN charges json;
ALTER TABLE order_lines ADD COLUMN charges json;
