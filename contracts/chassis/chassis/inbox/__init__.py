"""The inbox: a service's subscriptions, and the dispatch of each message to its handler, exactly once."""

from chassis.inbox.subscriptions import Subscription, subscribe

__all__ = [
    "Subscription",
    "subscribe",
]
