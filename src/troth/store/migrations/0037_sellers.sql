-- Orders that a node sold, whoever sends them.
CREATE INDEX orders_by_seller ON orders ((attributes ->> 'seller_node'), captured_at) WHERE (attributes ->> 'seller_node') IS NOT NULL;
