"""Places and ways: when nodes work, where carriers go and when, how long it takes, and what it costs."""
