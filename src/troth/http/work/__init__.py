"""The work of nodes and carriers: released, reported, recalled, tracked."""
