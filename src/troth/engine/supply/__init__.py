"""What there is to promise: stock and dated supply as rows, how surely it is found, and what a unit is worth."""
