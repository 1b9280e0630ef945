"""Who may do what here: everyone reads what is announced (N4), the regional department acts (P2)."""

from __future__ import annotations

from chassis.access import Policy, Rule, everything, public
from messages.values import Level, Role

READ = Policy("read-register", (Rule(Role.PUBLIC, public),))
MAKE = Policy("make-lists", (Rule(Role.REGIONAL_OFFICER, everything),))
REMOVE = Policy("remove-units", (Rule(Role.REGIONAL_OFFICER, everything),))

LEVEL = Level.REGION
"""The lists made here; prefectures publish their own (Art. 15), the nation's come from the ministry."""
