-- Which items are kits is looked up whenever stock of a component moved, where levels of stock are watched.
CREATE INDEX items_that_are_kits ON items (sku) WHERE coalesce(json_array_length(document -> 'kit'), 0) > 0;
