"""Versioned configuration: drafted, checked, tried, put in force."""
