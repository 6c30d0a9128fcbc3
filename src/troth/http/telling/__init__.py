"""What customers are told over HTTP: the log of it, and the pages that its links lead to."""
