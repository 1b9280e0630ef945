"""RabbitMQ itself: topology, publishing with confirms, coalesced acknowledgements."""
