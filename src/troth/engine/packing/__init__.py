"""Which units go into which boxes, and where they lie in them."""
