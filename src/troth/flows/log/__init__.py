"""What is made of the event log: deliveries, seals, upkeep, and the doctor."""
