"""Stock: moved, counted, fed, shown, and what may be sold of it."""
