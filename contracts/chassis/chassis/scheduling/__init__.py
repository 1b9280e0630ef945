"""Jobs that are due, run under a lease."""
