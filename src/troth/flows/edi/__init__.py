"""Electronic data interchange with trading partners: what they are sent, and what they send."""
