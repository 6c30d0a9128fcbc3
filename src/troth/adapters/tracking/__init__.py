"""What carriers tell of parcels: their codes in our words, and notices that they sign."""
