"""Returns: what may come back, what it is worth, what becomes of it, and what is credited."""
