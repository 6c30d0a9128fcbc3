"""A world in memory that decides as the real one does: the sample retailer, its demand, replays and their reports."""
