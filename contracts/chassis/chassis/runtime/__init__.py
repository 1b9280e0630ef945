"""What a service is made of, and one process of it."""
