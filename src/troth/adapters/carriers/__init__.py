"""Carriers of which labels can be had."""
