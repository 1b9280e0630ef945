"""The test kit: stores in memory, several services joined in memory, and private servers."""

from chassis.testing.memory import HandlerHarness, InMemoryStore

__all__ = ["HandlerHarness", "InMemoryStore"]
