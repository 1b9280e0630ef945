"""Transactional outbox: entries written with the state, and the relay that publishes them in order."""
