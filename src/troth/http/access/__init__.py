"""Who may call, who did what, and who is told."""
