"""The worker: what happens without anybody asking, by what it is about. Any number of workers run side by side."""
