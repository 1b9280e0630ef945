"""Records anchored outside their database: chains are verified, their heads bound and published, and kept elsewhere."""

from chassis.anchoring.chains import GENESIS, PAGE, Chains, Documents, Link
from chassis.anchoring.comparing import ReceivedAnchor, compare_anchor, keys_of_anchor
from chassis.anchoring.gauges import RECEIVED_ANCHOR_GAUGES, recorder_gauges
from chassis.anchoring.state import AGGREGATE, ANCHOR_APPEND_ONLY, ANCHOR_INDEXES, AnchoredStore, Anchoring
from chassis.anchoring.verification import Recorder

__all__ = [
    "AGGREGATE",
    "ANCHOR_APPEND_ONLY",
    "ANCHOR_INDEXES",
    "GENESIS",
    "PAGE",
    "RECEIVED_ANCHOR_GAUGES",
    "AnchoredStore",
    "Anchoring",
    "Chains",
    "Documents",
    "Link",
    "ReceivedAnchor",
    "Recorder",
    "compare_anchor",
    "keys_of_anchor",
    "recorder_gauges",
]
