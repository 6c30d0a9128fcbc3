-- What customers' banks demand back of payments, with the account whose payments they are.
ALTER TABLE payment_accounts ADD COLUMN disputes json NOT NULL DEFAULT '[]';
CREATE INDEX payment_accounts_disputed ON payment_accounts (order_id) WHERE disputes::text <> '[]';
