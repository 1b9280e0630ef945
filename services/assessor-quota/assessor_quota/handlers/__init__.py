"""One function for each message or command: load, decide, save and return the events to publish."""
