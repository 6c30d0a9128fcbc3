"""The exact choice: scores, solvers, bounds, and the shipments that a solution is made into."""
