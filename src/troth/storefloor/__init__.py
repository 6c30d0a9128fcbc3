"""The store app, to be mounted at `/store`: the work of a node on the phone of whoever does it."""
