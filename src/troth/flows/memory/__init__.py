"""What a process remembers, so that it need not ask: reference data, prices, what is surely found."""
