"""One function per message or command: load, decide, save, return events."""
