"""What a syntax has no way to say."""


class Unwritable(ValueError):
    """Raised for an interchange that cannot be written as it is; its text says which part, and why."""
