"""What transactions say, in Troth's words, and what Troth says as transactions: one file a set and direction."""
