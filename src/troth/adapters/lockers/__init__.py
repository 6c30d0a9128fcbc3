"""Lockers as their vendors make them: a terminal to try it all without a locker."""
