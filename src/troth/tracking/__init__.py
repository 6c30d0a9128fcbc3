"""The page on which a customer sees where their goods are: an entrance of its own, without a login."""
