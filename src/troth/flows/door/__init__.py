"""The one write door: requests gathered, decided in order, and written as one."""
