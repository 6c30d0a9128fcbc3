"""What is set as a whole: nodes and items, customers and agreements."""
