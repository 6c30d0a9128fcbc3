"""Where goods are on their way, when each step is due, and how likely a promise is missed before it is."""
