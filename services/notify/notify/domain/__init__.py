"""The rules of this service: who is notified of which event, by which channel, and how often it is tried."""
