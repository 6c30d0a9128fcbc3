"""What carries notifications: a mail server, a gateway of text messages, or a system of the retailer."""
