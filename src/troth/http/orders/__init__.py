"""Orders and quotes: captured, read, changed, held, paid, and what needs a person."""
