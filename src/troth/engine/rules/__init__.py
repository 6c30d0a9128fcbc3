"""Routing rules: expressions in CEL, checked when they are saved and evaluated over all candidates at a time."""
