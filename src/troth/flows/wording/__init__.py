"""What customers are told: texts, languages, and which of them counts."""
