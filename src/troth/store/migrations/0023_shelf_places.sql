-- Where items lie at nodes.

-- The shelf of an item at a node, as its people call it, along which they walk.
CREATE TABLE shelf_places (
    sku text NOT NULL,
    node text NOT NULL,
    place text NOT NULL CONSTRAINT shelf_places_are_named CHECK (place <> ''),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (sku, node)
);
CREATE INDEX shelf_places_of_node ON shelf_places (node, sku);
