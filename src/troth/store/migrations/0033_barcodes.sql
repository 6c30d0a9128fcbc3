-- What items are scanned as, found without looking at all of them.

CREATE INDEX items_by_gtin ON items (gtin) WHERE gtin <> '';
CREATE INDEX items_by_barcode ON items USING gin ((document::jsonb -> 'barcodes'));
