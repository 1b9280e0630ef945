"""The rules of this service: who is told what, by which way, how often it is tried."""
