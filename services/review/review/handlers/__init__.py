"""What review does on each message and command: load, decide, save, say."""
