"""Exposure: what of the one pool somebody may see and take, by rules that withhold without moving anything."""
