"""The one door of the promising engine, and what is asked there beside a plan: options, names, what could be."""
