-- What of an order is paid, or sure to be, by anything but an invoice, as its account stands: it counts against nobody's credit.
CREATE TABLE credit_paid (
    order_id text PRIMARY KEY,
    paid_minor bigint NOT NULL
);

-- What is owed for goods that left may grow without that the order changes: where a payment that was counted on is gone.
ALTER TABLE credit_invoices DROP CONSTRAINT credit_invoices_pkey, ADD PRIMARY KEY (customer_id, order_id, version, invoiced_at);
