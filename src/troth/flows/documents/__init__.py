"""Versioned configuration: the families of documents, and what of them is in force."""
