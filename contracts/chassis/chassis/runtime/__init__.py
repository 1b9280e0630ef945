"""Definition of a service, and one process of it."""
