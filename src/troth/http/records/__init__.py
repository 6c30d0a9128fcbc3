"""What is set as a whole: nodes, items, customers, agreements, days."""
