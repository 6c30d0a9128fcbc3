"""Nouns: frozen values of the standard library only. They know no database, no clock and no network."""
