"""The second condition of each rule: tries after the end, steps already sent, readers named in another way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from messages.applications import UnitMoved
from messages.values import Prefecture, Role
from notify.domain.contacts import Contact, contact_of
from notify.domain.notification import (
    MAX_ATTEMPTS,
    Attempt,
    Notification,
    delivery_key,
    delivery_of,
    noticed_by,
    with_attempt,
    with_resend,
)
from notify.domain.recipients import Recipient, recipients
from notify.domain.reminders import DutyReminder, due_step, is_current, key_of, with_fact, with_step_sent

from .builders import APPLICANT, AT, BEGIN, DAY, DUE, HOLDER, REGISTERED, STEEL, duty_met, duty_opened, duty_overdue
from .test_domain import WAITING, withdrawn

STEPS = (30, 7, 1)
OWNER = "assessor-quota"
NOTICE = Notification(
    notice_id="notice-1",
    about="a",
    event_type="e",
    subject="s",
    reader=APPLICANT.key,
    role=Role.APPLICANT,
    organisation=STEEL,
    prefecture=None,
    person=None,
    template="t",
    template_version="1",
    title="题",
    body="文",
    title_en="title",
    body_en="body",
    at=AT,
)


@pytest.mark.rule("N2")
def test_a_delivery_that_has_ended_takes_no_further_try() -> None:
    delivered = with_attempt(WAITING, Attempt("notice-1:email", 1, None), AT)
    assert (delivered.state, delivered.attempts, delivered.cause) == ("delivered", 1, None)
    assert with_attempt(delivered, Attempt("notice-1:email", 2, "timeout"), AT) == delivered
    parked = replace(WAITING, state="failed", attempts=MAX_ATTEMPTS, cause="timeout")
    assert with_attempt(parked, Attempt("notice-1:email", MAX_ATTEMPTS + 1, None), AT) == parked


@pytest.mark.rule("N2")
def test_a_delivery_sent_again_has_as_many_tries_as_at_first_and_forgets_why_it_failed() -> None:
    parked = replace(WAITING, state="failed", attempts=MAX_ATTEMPTS, cause="timeout")
    again = with_resend(parked, "operator-1", AT + timedelta(hours=1))

    assert (again.cause, again.next_at, again.last_try) == (None, AT + timedelta(hours=1), 2 * MAX_ATTEMPTS)
    tried = with_attempt(again, Attempt("notice-1:email", 2 * MAX_ATTEMPTS - 1, "timeout"), AT)
    assert tried.state == "waiting"
    last = with_attempt(tried, Attempt("notice-1:email", 2 * MAX_ATTEMPTS, "timeout"), AT)
    assert (last.state, last.attempts) == ("failed", 2 * MAX_ATTEMPTS)


@pytest.mark.rule("N1")
def test_an_e_mail_is_in_the_language_of_its_reader_and_belongs_to_its_notice() -> None:
    contact: Contact = contact_of(APPLICANT, "office@example.invalid", "zh")
    chinese, english = delivery_of(NOTICE, contact.language, AT), delivery_of(NOTICE, "en", AT)

    assert (chinese.title, chinese.body) == ("题", "文")
    assert (english.title, english.body) == ("title", "body")
    assert (chinese.delivery_id, chinese.reader, chinese.role) == (
        "notice-1:email",
        APPLICANT.key,
        Role.APPLICANT,
    )
    assert (chinese.state, chinese.attempts, chinese.next_at) == ("waiting", 0, AT)
    assert noticed_by(delivery_key("notice-1")) == "notice-1"
    assert (contact.role, contact.organisation, contact.prefecture, contact.person) == (
        Role.APPLICANT,
        STEEL,
        None,
        None,
    )


def test_an_inbox_is_told_by_every_part_of_its_reader() -> None:
    reader = Recipient(Role.EXPERT, "organisation", "150100", "expert-1")

    assert reader.key == "expert|organisation|150100|expert-1"
    parts = [
        replace(reader, organisation=None),
        replace(reader, prefecture=None),
        replace(reader, subject=None),
        replace(reader, role=Role.APPLICANT),
    ]
    assert len({reader.key, *(each.key for each in parts)}) == 5


@pytest.mark.rule("N1")
def test_readers_are_found_however_an_event_names_them() -> None:
    moved = UnitMoved(
        uscc=STEEL,
        former=Prefecture.BAOTOU,
        prefecture=Prefecture.WUHAI,
        moved_on=date(2026, 3, 1),
        document_number="1号",
    )
    assert recipients(moved, Role.APPLICANT) == (APPLICANT,)
    assert recipients(REGISTERED, Role.ASSESSOR) == (Recipient(Role.ASSESSOR, organisation=REGISTERED.assessor_uscc),)
    opened = duty_opened()
    assert recipients(opened, Role.ASSESSOR) == (Recipient(Role.ASSESSOR, organisation=HOLDER),)
    assert recipients(opened, Role.APPLICANT) == ()
    assert recipients(withdrawn(), Role.EXPERT) == recipients(withdrawn(), Role.CONSULTED_DEPARTMENT) == ()
    for role in (Role.PUBLIC, Role.REGIONAL_OFFICER, Role.REVIEW_ORGANISATION):
        assert recipients(withdrawn(), role) == (Recipient(role),)


def reminder() -> DutyReminder:
    return with_fact(None, OWNER, 1, duty_opened(), STEPS)


@pytest.mark.rule("N3")
def test_of_the_steps_reached_the_nearest_is_due_once_and_none_after_the_last_day() -> None:
    known = reminder()

    assert known.key == key_of(OWNER, duty_opened()) == f"{OWNER}:{HOLDER}:2026"
    assert known.next_on == DUE - 30 * DAY
    assert [due_step(known, DUE - n * DAY) for n in (31, 30, 8, 7, 2, 1, 0, -1)] == [None, 30, 30, 7, 7, 1, 1, None]
    sent = with_step_sent(known, 7, DUE - 7 * DAY)
    assert (sent.last_step_sent, sent.next_on) == (7, DUE - DAY)
    assert due_step(sent, DUE - 2 * DAY) is None
    done = with_step_sent(sent, 1, DUE - DAY)
    assert done.next_on is None
    assert with_step_sent(known, None, DUE) == known
    assert with_step_sent(known, None, DUE + DAY).next_on is None


@pytest.mark.rule("N3")
def test_a_step_of_the_day_of_opening_is_sent_and_one_of_the_day_before_is_not() -> None:
    opened = duty_opened()
    for days, steps in ((30, 30), (29, 7), (7, 7), (6, 1)):
        late = opened.model_copy(update={"opened_on": DUE - days * DAY})
        assert with_fact(None, OWNER, 1, late, STEPS).next_on == DUE - steps * DAY


@pytest.mark.rule("N3")
def test_facts_in_any_order_leave_one_reminder_and_settled_ones_tell_nobody() -> None:
    opened, overdue, met = duty_opened(), duty_overdue(), duty_met(date(2027, 5, 8), sequence=3)

    late = with_fact(with_fact(None, OWNER, 2, overdue, ()), OWNER, 1, opened, STEPS)
    assert (late.opened_on, late.overdue_on, late.next_on) == (BEGIN, DUE + DAY, None)
    assert not is_current(opened, late)
    assert is_current(overdue, late)
    settled = with_fact(late, OWNER, 3, met, ())
    assert (settled.met_on, settled.newest_sequence) == (date(2027, 5, 8), 3)
    assert not is_current(opened, settled)
    assert not is_current(overdue, settled)
    assert is_current(met, settled)
    assert is_current(opened, reminder())


@pytest.mark.rule("N3", "T3")
def test_only_a_newer_fact_moves_the_due_day_and_only_a_moved_day_begins_the_ladder_anew() -> None:
    sent = with_step_sent(reminder(), 30, DUE - 30 * DAY)
    same = with_fact(sent, OWNER, 2, duty_opened().model_copy(update={"holder_name": "新名称"}), STEPS)
    assert (same.holder_name, same.last_step_sent, same.next_on) == ("新名称", 30, DUE - 7 * DAY)
    later = duty_opened().model_copy(update={"due": DUE + 14 * DAY})
    moved = with_fact(sent, OWNER, 2, later, STEPS)
    assert (moved.due, moved.last_step_sent, moved.next_on) == (DUE + 14 * DAY, None, DUE - 16 * DAY)
    assert with_fact(replace(sent, newest_sequence=5), OWNER, 2, later, STEPS).due == DUE
