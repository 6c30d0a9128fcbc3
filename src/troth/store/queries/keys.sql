-- name: keep_key
-- Keeps the answer under an idempotency key, unless another one is kept there already.
INSERT INTO idempotency_keys (actor, key, request_digest, status, answer, created_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (actor, key) DO NOTHING
RETURNING true;
