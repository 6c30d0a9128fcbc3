"""The account of an order at its gateways: steps, notices, reconciliation."""
