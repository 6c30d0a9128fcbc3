"""Documents drafted, compared, previewed, put in force and taken back."""
