"""The test kit: stores in memory, several services joined in memory, and private servers."""

from chassis.testing.memory import Bench, Memory

__all__ = ["Bench", "Memory"]
