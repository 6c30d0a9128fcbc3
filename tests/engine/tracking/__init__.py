"""Tests of tracking: parcels, milestones, predictions and alerts."""
