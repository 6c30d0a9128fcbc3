-- name: find_skus_promised_last
-- Finds the SKUs of which units were reserved in so many of the newest entries of the ledger, those that were last first.
SELECT sku FROM (SELECT sku, kind, xid, seq FROM entries ORDER BY xid DESC, seq DESC LIMIT $1) AS newest
WHERE kind = 'pending' GROUP BY sku ORDER BY max(seq) DESC, sku;

-- name: find_skus
-- Finds a page of the SKUs of items, after the one given.
SELECT sku FROM items WHERE sku > $1 ORDER BY sku LIMIT $2;
