-- What nodes pack into is versioned configuration like any other.
INSERT INTO reference_versions VALUES ('boxes', 1);
