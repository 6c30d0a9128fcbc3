-- Who carries the work of a node, as it was planned; NULL where nobody does, or where it was planned before this was kept.
ALTER TABLE fulfillments ADD COLUMN carrier text;
