"""What all entrances for people share: who visits, how pages are made, the live log, and values as people read them."""
