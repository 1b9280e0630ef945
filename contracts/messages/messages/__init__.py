"""What the services say to each other and to the outside: events and value types."""
