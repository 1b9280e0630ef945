"""Refusals with their rule, its article and words for the person concerned (G3)."""

from __future__ import annotations

from chassis.handling import Refusal
from messages.values import Role
from rulebook import reason


def role_not_held(role: Role) -> Refusal:
    why = reason("P1", "role-not-held", "请指定本人具有的、接收通知的角色", role)
    return Refusal("role-not-held", why, status=403, title="Name a role of your own that receives notices")
