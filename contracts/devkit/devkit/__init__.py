"""The test kit: an in-memory store, an in-memory system of several services, and private servers."""

from devkit.in_memory_store import HandlerHarness, InMemoryStore

__all__ = ["HandlerHarness", "InMemoryStore"]
