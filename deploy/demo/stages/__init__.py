"""The season, stage after stage, in the order of Art. 14."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from deploy.demo.season import Season
from deploy.demo.stages import drafting, january, judging, prefecture, publishing, sanctioning, submitting

STAGES: tuple[Callable[[Season], Awaitable[None]], ...] = (
    january.register,
    sanctioning.revoke_wrong_decision,
    drafting.record_prefecture_lists,
    drafting.draft_applications,
    submitting.submit_in_waves,
    submitting.exhaust_a_quota,
    submitting.release_an_item,
    sanctioning.take_effect,
    prefecture.review,
    prefecture.issue_opinions,
    prefecture.forward,
    judging.appoint_panels,
    judging.score,
    judging.visit_sites,
    judging.rank,
    publishing.publish,
    publishing.conclude,
    publishing.announce,
    sanctioning.flag_the_listed,
)
