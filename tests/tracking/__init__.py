"""Tests of the page on which customers see where their goods are."""
