"""The inbox: a service's subscriptions, and the way of a message from its queue to the handler, exactly once."""

from chassis.inbox.subscriptions import Subscription, subscribe

__all__ = [
    "Subscription",
    "subscribe",
]
