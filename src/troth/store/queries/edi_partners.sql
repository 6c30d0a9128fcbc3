-- name: read_edi_partner
-- Reads one trading partner.
SELECT partner_id, version, document FROM edi_partners WHERE partner_id = $1;

-- name: read_edi_partners
-- Reads every trading partner.
SELECT partner_id, version, document FROM edi_partners ORDER BY partner_id;

-- name: find_edi_partners
-- Finds a page of trading partners, after the one given.
SELECT partner_id, version, document FROM edi_partners
WHERE ($1::text IS NULL OR partner_id > $1) ORDER BY partner_id LIMIT $2;

-- name: write_edi_partner
-- Creates or replaces a trading partner.
INSERT INTO edi_partners AS p (partner_id, version, document, changed_at) VALUES ($1, 1, $2, $3)
ON CONFLICT (partner_id) DO UPDATE
SET version = p.version + 1, document = excluded.document, changed_at = excluded.changed_at
RETURNING version;

-- name: delete_edi_partner
-- Deletes a trading partner; what was exchanged with it stays.
DELETE FROM edi_partners WHERE partner_id = $1;
