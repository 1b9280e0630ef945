"""The result of a ranking: computed, sealed over its lines, and checked against them again (V8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256

from messages.digests import canonical_digest
from messages.values import UnitType
from rulebook.ranking import is_candidate, order_key, outcome_of

from review.domain.group import RankingGroup, RankingLine, rank_lines, recompute_caps
from review.domain.ranking import DEFAULT_TERMS, Batch, BatchRanking, RankedBatch, RankingTerms, ranking_id


def taken_places(earlier: Iterable[BatchRanking]) -> Counter[UnitType]:
    """Count the places of the caps that earlier rankings have given."""
    taken = Counter[UnitType]()
    for each in earlier:
        for group in each.groups:
            taken[group.unit_type] += group.selected
        taken.subtract(each.unplaced)
    return taken


@dataclass(frozen=True)
class RankingBasis:
    """Whatever a ranking rests on beside the values of its lines."""

    batch: Batch
    act: str
    number: int
    made_on: date
    taken: Mapping[UnitType, int]
    """Places of the cap that earlier rankings have given."""
    suspended: Sequence[str] = ()
    evaluation: bool = True
    terms: RankingTerms = DEFAULT_TERMS


def make_ranking(basis: RankingBasis, lines: Iterable[RankingLine]) -> RankedBatch:
    """Rank each comparable group, best first, up to its share of the cap that earlier rankings have left."""
    groups, placed = rank_lines(lines, basis.taken)
    batch = basis.batch
    made = BatchRanking(
        ranking_id=ranking_id(batch.batch_id, basis.number),
        batch=batch.batch_id,
        level=batch.level,
        batch_year=batch.batch_year,
        number=basis.number,
        made_on=basis.made_on,
        act=basis.act,
        groups=groups,
        suspended_cases=len(basis.suspended),
        evaluation=basis.evaluation,
        early_reason=basis.terms.early_reason,
        decision=basis.terms.decision,
    )
    sealed = RankingSeal(made)
    sealed.add_suspended(basis.suspended)
    sealed.add(placed)
    return RankedBatch(replace(made, digest=sealed.digest), placed)


class RankingSeal:
    """The digest of a ranking: of its head, the suspended cases and then each line; it takes them piece by piece."""

    def __init__(self, ranking: BatchRanking) -> None:
        head = asdict(replace(ranking, digest="", left_out=0, unplaced={}, reproducible=False))
        self._chain = sha256(canonical_digest(_plain(head)).encode())

    def add_suspended(self, case_ids: Iterable[str]) -> None:
        for case_id in case_ids:
            self._chain.update(canonical_digest(["suspended", case_id]).encode())

    def add(self, lines: Iterable[RankingLine]) -> None:
        for line in lines:
            self._chain.update(line.seal().encode())

    @property
    def digest(self) -> str:
        return self._chain.hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


class RankingCheck:
    """Whether the stored lines reproduce a ranking and neither was changed; it reads them in their order, in pages.

    It holds one line and the counts of one group, whatever the size of the batch.
    """

    def __init__(self, ranking: BatchRanking) -> None:
        self._ranking = ranking
        self._seal = RankingSeal(ranking)
        self._sound = recompute_caps(ranking.groups) == ranking.groups
        self._groups = iter(ranking.groups)
        self._group: RankingGroup | None = None
        self._compared = self._candidates = self._lines = self._suspended = 0
        self._last: RankingLine | None = None

    def add_suspended(self, case_ids: Sequence[str]) -> None:
        self._seal.add_suspended(case_ids)
        self._suspended += len(case_ids)

    def add(self, lines: Iterable[RankingLine]) -> None:
        """Take the next lines, in the order of their places."""
        for line in lines:
            self._lines += 1
            if self._group is None or line.kind != self._group.kind:
                self._end_group()
                self._group = next(self._groups, None)
            self._sound &= self._group is not None and self._fits(line, self._group)
            self._last = line
            self._seal.add([line])

    @property
    def reproducible(self) -> bool:
        """Whether everything added is the whole ranking and reproduces it."""
        self._end_group()
        return (
            self._sound
            and next(self._groups, None) is None
            and self._suspended == self._ranking.suspended_cases
            and self._seal.digest == self._ranking.digest
        )

    def _fits(self, line: RankingLine, group: RankingGroup) -> bool:
        candidate = is_candidate(line, group.pass_mark)
        self._compared += 1
        self._candidates += candidate
        place = self._candidates if candidate else None
        follows = self._compared == 1 or (self._last is not None and _follows(line, self._last, group))
        expected = (self._lines, place, outcome_of(line, place, group.cap))
        return follows and (line.position, line.rank, line.outcome) == expected

    def _end_group(self) -> None:
        if self._group is not None:
            counts = self._group.compared, self._group.candidates
            self._sound &= (self._compared, self._candidates) == counts
        self._group, self._compared, self._candidates = None, 0, 0


def _follows(line: RankingLine, before: RankingLine, group: RankingGroup) -> bool:
    """Whether a line may come after the one before it: candidates first, each part best first."""
    places = [(not is_candidate(each, group.pass_mark), order_key(each)) for each in (before, line)]
    return places[0] < places[1]
