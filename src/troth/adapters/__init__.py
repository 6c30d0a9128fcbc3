"""Foreign tongues: what Troth says to others, and what others say to it, in their own formats."""
