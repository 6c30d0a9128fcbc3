"""The verbs of an order, and what quotes and explains it."""
