-- Each lot has a newest count of its own, beside that of what no lot holds. Of a count before, nothing says which it was of.
ALTER TABLE counts ADD COLUMN source text NOT NULL DEFAULT 'on_hand';
ALTER TABLE counts ALTER COLUMN source DROP DEFAULT;
ALTER TABLE counts DROP CONSTRAINT counts_pkey;
ALTER TABLE counts ADD PRIMARY KEY (sku, node, source);
