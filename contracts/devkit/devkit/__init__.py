"""The test kit: stores in memory, several services joined in memory, and private servers."""

from devkit.in_memory_store import HandlerHarness, InMemoryStore

__all__ = ["HandlerHarness", "InMemoryStore"]
