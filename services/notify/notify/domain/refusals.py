"""Refusals with their rule, its article and words for the person concerned (G3)."""

from __future__ import annotations

from chassis.handling import Refusal
from messages.values import Role
from rulebook import reason

from notify.domain.notification import State


def role_not_held(role: Role) -> Refusal:
    why = reason("P1", "role-not-held", "请指定本人具有的、接收通知的角色", role)
    return Refusal("role-not-held", why, status=403, title="Name a role of your own that receives notices")


def code_wrong() -> Refusal:
    why = reason("N1", "confirmation-code-wrong", "确认码不正确，请核对发至该邮箱的8位数字后重新填写", pointer="/code")
    return Refusal("confirmation-code-wrong", why, title="Enter the code that was sent to the address")


def code_void() -> Refusal:
    text = "确认码已过期或多次填写有误，已失效，请重新登记邮箱以获取新的确认码"
    return Refusal(
        "confirmation-code-void", reason("N1", "confirmation-code-void", text), title="Enter the address anew"
    )


def not_parked(state: State) -> Refusal:
    """Refuse to send once more what arrived, or what is going to be tried anyway (N2)."""
    texts = {"delivered": "该邮件已经送达，不再重复发送", "waiting": "该邮件正在等待发送，系统将自动重试，无须重新发送"}
    why = reason("N2", "delivery-not-parked", texts[state], state)
    return Refusal("delivery-not-parked", why, title="Only an e-mail that is parked is sent again")
