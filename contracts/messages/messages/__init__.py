"""The events that the services publish, and their value types."""
