-- name: lock_sandbox
-- Keeps others from what the sandbox gateway does under a key, or for a token, until the transaction ends.
SELECT pg_advisory_xact_lock(7308332, hashtext($1));

-- name: read_sandbox_effect
-- Reads what the sandbox did under a key.
SELECT answer, asked, known_at, reference FROM sandbox_effects WHERE key = $1;

-- name: count_sandbox_ask
-- Counts that the sandbox was asked once more under a key.
UPDATE sandbox_effects SET asked = asked + 1 WHERE key = $1;

-- name: write_sandbox_effect
-- Writes what the sandbox did under a key.
INSERT INTO sandbox_effects (key, action, reference, amount_minor, answer, asked, made_at, known_at)
VALUES ($1, $2, $3, $4, $5, 1, $6, $7)
ON CONFLICT (key) DO UPDATE SET reference = excluded.reference, answer = excluded.answer, asked = sandbox_effects.asked + 1, known_at = excluded.known_at;

-- name: read_sandbox_payment
-- Reads a payment of the sandbox.
SELECT reference, key, order_id, currency, authorized_minor, captured_minor, refunded_minor, is_voided, expires_at, token, made_at
FROM sandbox_payments WHERE reference = $1;

-- name: read_sandbox_payments
-- Reads a page of the payments that the sandbox made since an instant, after a reference.
SELECT reference, key, order_id, currency, authorized_minor, captured_minor, refunded_minor, is_voided, expires_at, token, made_at
FROM sandbox_payments WHERE made_at >= $1 AND reference > $2 ORDER BY reference LIMIT $3;

-- name: read_sandbox_disputed
-- Reads a page of the payments that the sandbox captured anything of since an instant, of tokens that begin so, after a reference.
SELECT reference, key, order_id, currency, authorized_minor, captured_minor, refunded_minor, is_voided, expires_at, token, made_at
FROM sandbox_payments
WHERE made_at >= $1 AND starts_with(token, $2) AND captured_minor > 0 AND reference > $3
ORDER BY reference LIMIT $4;

-- name: read_sandbox_used
-- Reads how much of a token's value is used (minor units).
SELECT coalesce(sum(CASE WHEN is_voided THEN captured_minor ELSE authorized_minor END - refunded_minor), 0)::bigint AS used
FROM sandbox_payments WHERE token = $1;

-- name: create_sandbox_payment
-- Creates a payment of the sandbox; no row where there is one of that name.
INSERT INTO sandbox_payments (reference, key, order_id, token, currency, authorized_minor, captured_minor, made_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (reference) DO NOTHING
RETURNING reference;

-- name: move_sandbox_payment
-- Moves a payment of the sandbox: more captured, more refunded, or released.
UPDATE sandbox_payments
SET captured_minor = captured_minor + $2, refunded_minor = refunded_minor + $3, is_voided = is_voided OR $4
WHERE reference = $1;
