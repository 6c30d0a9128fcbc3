-- How often a node did not answer by when it had to, by its local day.
ALTER TABLE node_tallies ADD COLUMN silent bigint NOT NULL DEFAULT 0;
