"""What needs a person: what it weighs, and what could be done about it."""
