"""One file per verb: load what it needs, have it decided, write it through the door."""
