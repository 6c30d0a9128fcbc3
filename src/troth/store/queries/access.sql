-- name: lock_access
-- Lets one process at a time make the first key and the first user; freed when the transaction ends.
SELECT pg_advisory_xact_lock(7308332127834764);

-- name: read_key
-- Reads the key with a digest, unless it is revoked.
SELECT key_id, name, scopes, nodes, customers, created_at, revoked_at FROM api_keys WHERE digest = $1 AND revoked_at IS NULL;

-- name: find_keys
-- Finds a page of keys by id, after the one given; revoked ones are among them.
SELECT key_id, name, scopes, nodes, customers, created_at, revoked_at FROM api_keys
WHERE ($1::text IS NULL OR key_id > $1)
ORDER BY key_id LIMIT $2;

-- name: has_key_with_scope
-- Says whether a key that is not revoked has a scope.
SELECT EXISTS (SELECT FROM api_keys WHERE $1 = ANY(scopes) AND revoked_at IS NULL) AS is_there;

-- name: create_key
-- Creates a key.
INSERT INTO api_keys (key_id, digest, name, scopes, nodes, customers, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: set_key
-- Makes a key valid under an id, whatever was under it before; nothing where it is so already.
INSERT INTO api_keys AS k (key_id, digest, name, scopes, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (key_id) DO UPDATE
SET digest = excluded.digest, name = excluded.name, scopes = excluded.scopes, created_at = excluded.created_at, revoked_at = NULL
WHERE k.digest <> excluded.digest OR k.scopes <> excluded.scopes OR k.revoked_at IS NOT NULL
RETURNING key_id;

-- name: find_key_of_digest
-- Finds under which id a key is known.
SELECT key_id FROM api_keys WHERE digest = $1;

-- name: revoke_key
-- Revokes a key that is not revoked yet.
UPDATE api_keys SET revoked_at = $2 WHERE key_id = $1 AND revoked_at IS NULL
RETURNING key_id, name, scopes, nodes, customers, created_at, revoked_at;

-- name: read_user
-- Reads a user with the hash of the password.
SELECT login, name, password_hash, role, nodes, customers, created_at FROM users WHERE login = $1;

-- name: find_users
-- Finds a page of users by login, after the one given.
SELECT login, name, password_hash, role, nodes, customers, created_at FROM users
WHERE ($1::text IS NULL OR login > $1)
ORDER BY login LIMIT $2;

-- name: has_user_with_role
-- Says whether there is a user with a role.
SELECT EXISTS (SELECT FROM users WHERE role = $1) AS is_there;

-- name: create_user
-- Creates a user, unless the login is taken.
INSERT INTO users (login, name, password_hash, role, nodes, customers, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (login) DO NOTHING
RETURNING login;

-- name: set_password_hash
-- Gives a user another password.
UPDATE users SET password_hash = $2 WHERE login = $1 RETURNING login;

-- name: delete_user
-- Deletes a user together with all sessions.
DELETE FROM users WHERE login = $1 RETURNING login, name, password_hash, role, nodes, customers, created_at;

-- name: create_session
-- Begins a session.
INSERT INTO sessions (digest, login, created_at, expires_at) VALUES ($1, $2, $3, $4);

-- name: read_session_user
-- Reads whose session has a digest, unless it has expired.
SELECT u.login, u.name, u.password_hash, u.role, u.nodes, u.customers, u.created_at
FROM sessions AS s JOIN users AS u USING (login)
WHERE s.digest = $1 AND s.expires_at > $2;

-- name: delete_session
-- Ends a session.
DELETE FROM sessions WHERE digest = $1;

-- name: delete_sessions_of
-- Ends all sessions of a user.
DELETE FROM sessions WHERE login = $1;

-- name: delete_expired_sessions
-- Forgets the sessions that expired before an instant.
DELETE FROM sessions WHERE expires_at < $1;
