"""Where goods are: milestones, what is expected of them, alerts, and the links by which customers see it."""
