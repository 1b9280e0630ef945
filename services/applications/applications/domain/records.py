"""The lists that prefectures have published, as their officers have recorded them (E10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from messages.values import Level, Prefecture, UnitRef

from applications.domain.organisation_status import Listing


@dataclass(frozen=True)
class PrefectureList:
    """A prefecture's own published list (Art. 15), as its officer has recorded it."""

    list_id: str
    prefecture: Prefecture
    document_number: str
    published_on: date
    units: tuple[UnitRef, ...]
    recorded_by: str | None
    """The office, by its area's code of GB/T 2260."""

    def listing_of(self, unit: UnitRef) -> Listing:
        level, on = Level.PREFECTURE, self.published_on
        return Listing(unit.key, unit.unit_type, level, on, self.document_number, self.prefecture)
