-- name: find_unnamed
-- Finds those values of fields that no item, node or order of late has.
SELECT n.field, n.value
FROM unnest($1::text[], $2::text[]) AS n (field, value)
WHERE NOT CASE
    WHEN n.field = 'item.sku' THEN EXISTS (SELECT FROM items AS i WHERE i.sku = n.value)
    WHEN n.field = 'item.category' THEN EXISTS (SELECT FROM items AS i WHERE i.category = n.value)
    WHEN n.field = 'item.brand' THEN EXISTS (SELECT FROM items AS i WHERE i.document ->> 'brand' = n.value)
    WHEN n.field = 'node.id' THEN EXISTS (SELECT FROM nodes AS s WHERE s.node = n.value)
    WHEN n.field = 'order.channel' THEN n.value IN (SELECT o.channel FROM orders AS o ORDER BY o.captured_at DESC LIMIT 20000)
    ELSE EXISTS (
        SELECT FROM items AS i WHERE i.document -> 'attributes' ->> substr(n.field, length('item.attributes.') + 1) = n.value
    )
END
ORDER BY n.field, n.value;
