"""Panels of experts: an odd number, three or more, none with a conflict of interest, the load balanced (V5)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from messages.digests import canonical_digest
from messages.review import PanelAppointed, PanelDissolved, Stage
from messages.values import Reason
from rulebook import RuleSet, reason

from review.domain.case import Case, Panel, stage_before
from review.domain.draw import commitment_of
from review.domain.expert import Expert, conflicts, grounds
from review.domain.record import Audience, Transition
from review.domain.refusals import malformed, refusal, require_next_stage


def name_panel(case: Case, experts: Sequence[Expert], rules: RuleSet, today: date) -> Panel:
    """Return the panel that the review organisation names, the chair first; refuse with all faults at once."""
    faults = _number_faults(experts, rules)
    faults += [each for expert in experts for each in conflicts(expert, case, rules.panel.conflict_years, today)]
    if faults:
        raise malformed(*faults)
    names = tuple(each.expert_id for each in experts)
    return Panel(names, names[0], today)


def _number_faults(experts: Sequence[Expert], rules: RuleSet) -> list[Reason]:
    number = len({each.expert_id for each in experts})
    if number == len(experts) and number >= rules.panel.min_experts and number % 2 == 1:
        return []
    text = f"评审组应由不少于{rules.panel.min_experts}名且为单数的不同专家组成"
    return [reason("V5", "panel-number", text, evidence=str(number), pointer="/experts")]


@dataclass(frozen=True)
class Pool:
    """The experts that panels of a batch are drawn from, with the rules and the seed."""

    experts: tuple[Expert, ...]
    rules: RuleSet
    seed: str

    def by_load_and_lot(self, case: Case, today: date) -> Iterator[Expert]:
        """Yield the experts without conflict, the least loaded first, by lot among equals.

        One by one, because a panel takes three of the hundreds: whose turn does not come is neither asked for
        conflicts nor, under a higher load, drawn by lot.
        """
        by_load: dict[int, list[Expert]] = {}
        for each in self.experts:
            by_load.setdefault(each.load(case.batch_year), []).append(each)
        for load in sorted(by_load):
            for each in sorted(by_load[load], key=lambda one: self._lot(case, one)):
                if not conflicts(each, case, self.rules.panel.conflict_years, today):
                    yield each

    def with_panel(self, panel: Panel, case: Case) -> Pool:
        """Return the pool after these experts have taken their seats."""
        seated = tuple(each.with_seat(case) if each.expert_id in panel.experts else each for each in self.experts)
        return replace(self, experts=seated)

    def _lot(self, case: Case, expert: Expert) -> str:
        return lot(self.seed, case.case_id, expert.expert_id)


def lot(seed: str, case_id: str, expert_id: str) -> str:
    """Return the lot of an expert for a case; the lowest among the least loaded comes first."""
    return canonical_digest([seed, case_id, expert_id])


def draw_panel(case: Case, pool: Pool, today: date) -> Panel | None:
    """Return a panel of the first in line; None when they are too few."""
    size = pool.rules.panel.min_experts
    names = tuple(each.expert_id for each in islice(pool.by_load_and_lot(case, today), size))
    return Panel(names, names[0], today) if len(names) == size else None


def too_few_experts(case: Case, rules: RuleSet) -> Reason:
    text = f"无利益冲突的专家不足{rules.panel.min_experts}名，无法组成评审组"
    return reason("V5", "experts-too-few", text, evidence=case.case_id)


def appoint_panel(case: Case, panel: Panel, drawn_by: str = "") -> Transition:
    """Appoint a panel; ``drawn_by`` is the seed of its lots, empty where the review organisation has named it."""
    require_next_stage(case, "V5", Stage.PANEL_APPOINTED)
    return Transition(
        replace(case, state=Stage.PANEL_APPOINTED, panel=panel),
        action="panel appointed",
        rule="V5",
        reason="专家人数为单数，均无利益冲突，任务量均衡",
        audience=Audience.REVIEWERS,
        evidence={"experts": ",".join(panel.experts), "chair": panel.chair} | _drawn(drawn_by),
        events=(_appointed_event(case, panel),),
    )


def _drawn(seed: str) -> dict[str, str]:
    return {"draw": commitment_of(seed)} if seed else {}


def _appointed_event(case: Case, panel: Panel) -> PanelAppointed:
    return PanelAppointed(
        **case.event_fields(), experts=panel.experts, chair=panel.chair, appointed_on=panel.appointed_on
    )


def replace_expert(case: Case, leaving: Expert, pool: Pool, today: date) -> Transition:
    """Give the seat of an expert in conflict to the next in line; dissolve the panel when none is left."""
    panel = case.panel
    if panel is None or leaving.expert_id not in panel.experts:
        raise refusal("V5", "not-on-panel", "该专家不是本项目评审组成员", evidence=leaving.expert_id)
    why = _grounds_text(case, leaving, pool.rules, today)
    others = (each for each in pool.by_load_and_lot(case, today) if each.expert_id not in panel.experts)
    if (following := next(others, None)) is None:
        return _dissolve_panel(case, panel, leaving, why, today)
    return _pass_seat(case, leaving, why, _panel_with(panel, leaving, following, today), pool.seed)


def _grounds_text(case: Case, expert: Expert, rules: RuleSet, today: date) -> str:
    return "；".join(grounds(expert, case, rules.panel.conflict_years, today))


def _panel_with(panel: Panel, leaving: Expert, new: Expert, today: date) -> Panel:
    names = tuple(new.expert_id if each == leaving.expert_id else each for each in panel.experts)
    return Panel(names, names[0] if panel.chair == leaving.expert_id else panel.chair, today)


def _pass_seat(case: Case, leaving: Expert, why: str, after: Panel, seed: str) -> Transition:
    sheets = tuple(each for each in case.sheets if each.expert != leaving.expert_id)
    state = Stage.SCORING if any(each.signed for each in sheets) else Stage.PANEL_APPOINTED
    return Transition(
        replace(case, state=state, panel=after, sheets=sheets, deviating=()),
        action="expert replaced",
        rule="V5",
        reason=f"专家存在利益关系，予以回避：{why}",
        audience=Audience.REVIEWERS,
        evidence={"leaving": leaving.expert_id, "experts": ",".join(after.experts)}
        | _drawn(seed)
        | _seals_set_aside(case, {leaving.expert_id}),
        events=(_appointed_event(case, after),),
    )


def _dissolve_panel(case: Case, panel: Panel, leaving: Expert, why: str, today: date) -> Transition:
    return Transition(
        replace(case, state=stage_before(Stage.PANEL_APPOINTED), panel=None, sheets=(), deviating=()),
        action="panel dissolved",
        rule="V5",
        reason=f"专家存在利益关系，予以回避：{why}；无其他可递补专家，待重新组成评审组",
        audience=Audience.REVIEWERS,
        evidence={"leaving": leaving.expert_id} | _seals_set_aside(case, {each.expert for each in case.sheets}),
        events=(PanelDissolved(**case.event_fields(), experts=panel.experts, dissolved_on=today),),
    )


def _seals_set_aside(case: Case, experts: Collection[str]) -> dict[str, str]:
    """Return the seals of the signed sheets that no longer count; they prove the content of the sheets."""
    return {f"set aside: {each.expert}": each.seal for each in case.signed_sheets if each.expert in experts}


def flag_conflict(case: Case, expert: Expert, rules: RuleSet, today: date) -> list[Transition]:
    """Flag a conflict known after scoring: the score stands until decided otherwise; chair and region see the flag."""
    if expert.expert_id in case.conflicted:
        return []
    after = replace(case, conflicted=(*case.conflicted, expert.expert_id))
    why = _grounds_text(case, expert, rules, today)
    seen = {"expert": expert.expert_id, "state": case.state}
    return [
        Transition(
            after,
            action="conflict known after scoring",
            rule="V5",
            reason=why,
            audience=Audience.REVIEWERS,
            evidence=seen,
        )
    ]
