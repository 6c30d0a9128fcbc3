"""What a demand asks, made ready to be solved: candidates with dates, what each line could have, in what shape."""
