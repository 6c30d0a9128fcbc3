"""The verbs of stock, and what is shown of it."""
