-- name: create_schema_migrations
-- Makes the list of applied migrations, the only table that no migration makes.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    digest text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: lock_migrations
-- Waits until no other process migrates this database; held by the session.
SELECT pg_advisory_lock(7308332127834763);

-- name: read_schema_migrations
-- Lists the applied migrations, oldest first.
SELECT version, name, digest
FROM schema_migrations
ORDER BY version;

-- name: append_schema_migration
-- Records a migration as applied, in the transaction that applies it.
INSERT INTO schema_migrations (version, name, digest)
VALUES ($1, $2, $3);
