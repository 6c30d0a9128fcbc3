"""What every operation shares: how requests are read and signed in, and how answers and refusals are made."""
