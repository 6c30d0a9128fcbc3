"""How goods are handed over: until when they are kept, who comes for them, and what becomes of what nobody collects."""
