"""What customers owe and agreed on, the accounts of orders, and the steps that settle them."""
