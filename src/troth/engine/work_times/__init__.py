"""How long the tasks of nodes take, learned from what they report, and how well they keep what was promised of them."""
