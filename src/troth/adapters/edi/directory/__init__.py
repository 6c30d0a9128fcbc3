"""What the standards say of segments and sets, as far as it is checked: data, and what reads it."""
