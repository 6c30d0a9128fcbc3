"""When work is handed to its node: as late as a date allows, in waves, and what these will hold."""
