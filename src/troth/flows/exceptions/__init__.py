"""What needs a person: read, marked, mended, alone or in bulk; and what could not be captured."""
