"""Messages, commands and due items, each with one handler: notices, contacts, e-mail deliveries, duties."""
