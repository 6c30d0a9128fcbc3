"""Where addresses lie, and which days are kept there."""
