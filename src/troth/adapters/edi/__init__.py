"""Electronic data interchange: X12 and EDIFACT, read and written."""
