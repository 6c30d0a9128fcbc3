"""The files of nodes: where their folders are, and in what their files are written."""
