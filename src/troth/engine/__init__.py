"""Verbs without I/O: pure functions over the model. They read no clock, no database and no random source."""
