"""The largest message, the same for broker, publisher and consumer."""

MESSAGE_MAX_BYTES = 4 * 1024 * 1024
"""Of a body: the broker refuses larger ones (rabbitmq.conf), a publisher sends none, a consumer parks them cut."""
