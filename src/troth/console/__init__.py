"""The operations console: pages for people, over the same flows and store reads as the API."""
