"""Telling customers: which events make which notifications, what they say, sent once, and what is chosen by them."""
