"""Objections to a public notice: lodged, received or not received, and then decided (V9, V18)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from chassis.handling import Refusal
from messages.digests import canonical_digest
from messages.review import (
    ObjectionLodged,
    ObjectionNotReceived,
    ObjectionReceiptOverdue,
    ObjectionReceived,
    ObjectionResolved,
    Stage,
)
from rulebook import add_working_days, basis, reason, rules_of

from review.domain.case import STAGE_TEXTS, Case
from review.domain.closing import close_case
from review.domain.notice import PublicNotice
from review.domain.record import ActorRef, Audience, Transition
from review.domain.refusals import malformed, refusal

ObjectionState = Literal["lodged", "received", "not_received", "upheld", "dismissed"]


@dataclass(frozen=True)
class Objection:
    """A written objection with facts, real name and contact; only the region sees who objects (V9)."""

    objection_id: str
    notice_id: str
    case_id: str
    facts: str
    name: str
    contact: str
    lodged_on: date
    lodged_by: str
    """Subject of the person whom the identity provider has verified."""
    due: date
    """The last day to receive it, or not to receive it with reasons (V18)."""
    provisional: bool = False
    """The due day falls in a year whose working days are not published yet (T3)."""
    state: ObjectionState = "lodged"
    receipt_on: date | None = None
    """When it was received, or was not received."""
    overdue_on: date | None = None
    """When it was noted that the due day had passed."""
    text: str = ""
    """The reasons why it was not received, or those of the decision."""
    resolved_on: date | None = None

    @property
    def place(self) -> str:
        """Return the key of its ``OpenObjection``."""
        return open_objection_key(self.case_id, self.lodged_by)

    @property
    def digest(self) -> str:
        """Return the digest that the record holds; whoever has the objection can prove its content."""
        return canonical_digest(
            [self.objection_id, self.facts, self.name, self.contact, self.lodged_by, self.lodged_on.isoformat()]
        )


@dataclass(frozen=True)
class OpenObjection:
    """The one objection of a person against a case that is not decided yet; removed when it is."""

    objection_id: str


def open_objection_key(case_id: str, person: str) -> str:
    return canonical_digest([case_id, person])


@dataclass(frozen=True)
class Statement:
    """An objection as its person writes it."""

    objection_id: str
    case_id: str
    facts: str
    name: str
    contact: str


def lodge(stated: Statement, case: Case, notice: PublicNotice, by: ActorRef, today: date) -> Objection:
    """Lodge an objection against a case on a running notice; it holds nothing up until it is received (V18)."""
    if notice.state != "open" or today > notice.published_end:
        end = notice.published_end.isoformat()
        raise refusal("V9", "notice-ended", f"公示期已于{end}届满，不再受理异议", evidence=end)
    _require_statement(stated)
    if case.notice_id != notice.notice_id or case.state is not Stage.IN_NOTICE:
        raise not_in_notice(case.case_id)
    due = add_working_days(today, rules_of(notice.rule_set).notice.objection_receipt_working_days)
    return Objection(
        objection_id=stated.objection_id,
        notice_id=notice.notice_id,
        case_id=case.case_id,
        facts=stated.facts.strip(),
        name=stated.name.strip(),
        contact=stated.contact.strip(),
        lodged_on=today,
        lodged_by=by.subject,
        due=due.last_day,
        provisional=due.provisional,
    )


def not_in_notice(case_id: str) -> Refusal:
    return refusal("V9", "not-in-notice", "该单位不在本次公示名单内或已不再公示", evidence=case_id)


def require_none_open(known: OpenObjection | None) -> None:
    """Raise while another objection of the same person against the same case is not decided."""
    if known is not None:
        text = "您对该单位已提出的异议尚在处理，处理完毕前不再重复受理"
        raise refusal("V18", "objection-open", text, evidence=known.objection_id)


def _require_statement(stated: Statement) -> None:
    given = {"facts": stated.facts, "name": stated.name, "contact": stated.contact}
    texts = {"facts": "应当写明事实依据", "name": "应当署真实姓名或单位名称", "contact": "应当提供联系方式"}
    lacking = [name for name, words in given.items() if not words.strip()]
    if lacking:
        raise malformed(
            *(reason("V9", f"{each}-missing", f"提出异议{texts[each]}", pointer=f"/{each}") for each in lacking)
        )


def lodged_event(case: Case, objection: Objection) -> ObjectionLodged:
    return ObjectionLodged(
        **case.event_fields(),
        objection_id=objection.objection_id,
        notice_id=objection.notice_id,
        lodged_on=objection.lodged_on,
    )


def require_another(objection: Objection, by: ActorRef) -> None:
    """Raise for the person who lodged it: nobody decides one's own objection (V18, P3)."""
    if by.subject == objection.lodged_by:
        text = "不得办理本人提出的异议"
        raise refusal("V18", "own-objection", text, evidence=objection.objection_id, status=403)


def decide_receipt(objection: Objection, *, received: bool, text: str, today: date) -> Objection:
    """Receive an objection, or do not receive it with reasons; once (V18)."""
    if objection.state != "lodged":
        text = "该异议已经作出受理与否的决定"
        raise refusal("V18", "receipt-decided", text, evidence=objection.state)
    if not received and not text.strip():
        raise malformed(reason("V18", "reasons-missing", "不予受理异议的，应当说明理由", pointer="/text"))
    state: ObjectionState = "received" if received else "not_received"
    return replace(objection, state=state, receipt_on=today, text="" if received else text.strip())


def record_receipt(case: Case, objection: Objection, today: date) -> Transition:
    """Record that an objection was received, from when on the case waits, or that it was not."""
    return _receive(case, objection, today) if objection.state == "received" else _leave(case, objection, today)


def _receive(case: Case, objection: Objection, today: date) -> Transition:
    if case.notice_id != objection.notice_id or case.state not in {Stage.IN_NOTICE, Stage.CLEARED}:
        text = f"该项目当前为“{STAGE_TEXTS[case.state]}”，异议不能再受理，应当说明理由不予受理"
        raise refusal("V18", "wrong-state", text, evidence=case.state)
    return Transition(
        replace(case, open_objections=case.open_objections + 1),
        action="objection received",
        rule="V18",
        reason="异议有事实依据、真实姓名和联系方式，予以受理；处理期间该单位暂缓",
        audience=Audience.RECORD,
        evidence={"objection": objection.objection_id, "content": objection.digest},
        events=(
            ObjectionReceived(
                **case.event_fields(),
                objection_id=objection.objection_id,
                notice_id=objection.notice_id,
                received_on=today,
            ),
        ),
    )


def _leave(case: Case, objection: Objection, today: date) -> Transition:
    return Transition(
        case,
        action="objection not received",
        rule="V18",
        reason=objection.text,
        audience=Audience.REGION,
        evidence={"objection": objection.objection_id, "content": objection.digest},
        events=(
            ObjectionNotReceived(
                **case.event_fields(),
                objection_id=objection.objection_id,
                notice_id=objection.notice_id,
                decided_on=today,
            ),
        ),
    )


def receipt_overdue(objection: Objection, today: date) -> bool:
    return objection.state == "lodged" and objection.overdue_on is None and today > objection.due


def overdue_event(objection: Objection, notice: PublicNotice, today: date) -> ObjectionReceiptOverdue:
    return ObjectionReceiptOverdue(
        notice_id=notice.notice_id,
        level=notice.level,
        batch_year=notice.batch_year,
        due=objection.due,
        article=basis("V18").article,
        noted_on=today,
    )


def decide(objection: Objection, *, upheld: bool, text: str, today: date) -> Objection:
    """Decide a received objection once, with reasons."""
    if objection.state == "lodged":
        raise refusal("V18", "objection-not-received", "该异议尚未受理，应当先决定是否受理", evidence=objection.state)
    if objection.state != "received":
        raise refusal("V9", "objection-resolved", "该异议已经处理", evidence=objection.state)
    if not text.strip():
        raise malformed(reason("V9", "reasons-missing", "异议处理应当说明理由", pointer="/text"))
    return replace(objection, state="upheld" if upheld else "dismissed", text=text.strip(), resolved_on=today)


def resolve(case: Case, objection: Objection, today: date) -> list[Transition]:
    """Resolve an objection: upheld, the case is closed; dismissed, the case waits for it no longer."""
    upheld = objection.state == "upheld"
    step = Transition(
        replace(case, open_objections=max(case.open_objections - 1, 0)),
        action=f"objection {objection.state}",
        rule="V9",
        reason=objection.text,
        audience=Audience.RECORD,
        evidence={"objection": objection.objection_id, "content": objection.digest},
        events=(
            ObjectionResolved(
                **case.event_fields(),
                objection_id=objection.objection_id,
                notice_id=objection.notice_id,
                upheld=upheld,
                resolved_on=today,
                text=objection.text,
            ),
        ),
    )
    if not upheld or case.ended:
        return [step]
    why = reason("V9", "objection-upheld", f"公示期间的异议成立：{objection.text}", evidence=objection.objection_id)
    return [step, close_case(step.case, "objection_upheld", (why,), today)]
