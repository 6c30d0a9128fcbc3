"""What nodes with systems of their own are told of their work, and what they answer."""
