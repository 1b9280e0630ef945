"""One function for each message and command: load, decide, save, and return the events to publish."""
