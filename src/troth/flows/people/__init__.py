"""Keys, users and their sessions."""
