"""Troth: an order management system that only makes promises it can keep."""

__version__ = "0.1.0"
