-- name: read_document
-- Reads one version of a document.
SELECT family, name, version, body, digest, note, created_at, created_by
FROM documents WHERE family = $1 AND name = $2 AND version = $3;

-- name: read_documents
-- Reads some versions of documents of a family.
SELECT d.family, d.name, d.version, d.body, d.digest, d.note, d.created_at, d.created_by
FROM unnest($2::text[], $3::integer[]) AS w (name, version)
JOIN documents AS d ON d.family = $1 AND d.name = w.name AND d.version = w.version;

-- name: find_versions
-- Finds a page of the versions of a document, newest first, before the one given (null: from the newest).
SELECT family, name, version, body, digest, note, created_at, created_by
FROM documents WHERE family = $1 AND name = $2 AND ($3::integer IS NULL OR version < $3)
ORDER BY version DESC LIMIT $4;

-- name: find_documents
-- Finds a page of the documents of a family by name, each with its newest version, after the one given.
SELECT DISTINCT ON (name) family, name, version, body, digest, note, created_at, created_by
FROM documents WHERE family = $1 AND ($2::text IS NULL OR name > $2)
ORDER BY name, version DESC LIMIT $3;

-- name: append_document
-- Appends a version of a document.
INSERT INTO documents (family, name, version, body, digest, note, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: read_activations
-- Reads all that was put in force in a family, in the order in which it was said.
SELECT number, name, version, undoes, effective_from, canary_percent, reason, acted_at, acted_by
FROM activations WHERE family = $1 ORDER BY number;

-- name: append_activation
-- Appends an act about what is in force in a family.
INSERT INTO activations (family, number, name, version, undoes, effective_from, canary_percent, reason, acted_at, acted_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
