"""Labels, slips and lists as PDF, and labels as ZPL: values in, bytes out."""
