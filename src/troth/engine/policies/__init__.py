"""Rules about orders, checked and compiled: what holds them, when they are released, how they come back."""
