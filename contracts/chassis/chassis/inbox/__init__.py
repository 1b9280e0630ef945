"""Consuming: subscriptions, the consumer, dispatch with retries, and the parking lot."""
