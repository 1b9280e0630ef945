"""The page of each service: what its field counts first, then what every service has."""

from __future__ import annotations

from deploy.generate.dashboards.panels import Dashboard, PanelUnit, Query, Row, delivery, graph, http, number, process
from deploy.services import SERVICES, Service

TITLES = {
    "applications": "申报 applications",
    "assessor-quota": "第三方服务机构与名额 assessor-quota",
    "review": "审核评审 review",
    "registry": "名录与名单 registry",
    "notify": "通知 notify",
}


def quota() -> Row:
    """Every process of the jobs role measures for itself: the greatest counts."""
    return Row(
        "名额与处罚 Quota and sanctions",
        numbers=(
            number(
                "台账漂移（须为0）",
                "Ledger drift, must be 0",
                "sum(max by (kind) (green_quota_ledger_discrepancies))",
                alarm=1,
            ),
            number(
                "名额已满的法定代表人",
                "Representatives with no place left",
                "max(green_quota_representatives_exhausted)",
            ),
            number("生效中的处罚", "Sanctions in force", "max(green_quota_sanctions_in_force)"),
            number(
                "最久未答复的预留",
                "Age of the oldest reservation",
                "max(green_quota_oldest_reservation_age_seconds)",
                PanelUnit.SECONDS,
                alarm=60 * 86400,
            ),
            number("逾期未报年度情况", "Statements overdue", "max(green_quota_statements_overdue)", alarm=1),
            number("指标停更", "Since the oldest gauge was read", _stale(), PanelUnit.SECONDS, alarm=120),
        ),
        graphs=(
            graph(
                "占用中的名额（预留、已确认）",
                "Items in use",
                PanelUnit.COUNT,
                Query("max by (state) (green_quota_items_in_use)", "{{state}}"),
            ),
            graph(
                "本年度拒绝的名额（按理由）",
                "Items refused this year, by reason",
                PanelUnit.COUNT,
                Query("max by (reason) (green_quota_items_refused)", "{{reason}}"),
            ),
            graph(
                "台账漂移（按种类）",
                "Ledger discrepancies by kind",
                PanelUnit.COUNT,
                Query("max by (kind) (green_quota_ledger_discrepancies)", "{{kind}}"),
            ),
        ),
    )


def _stale() -> str:
    return 'max(time() - max by (gauge) (green_gauge_last_read_timestamp_seconds{job="assessor-quota"}))'


FIELD = {"assessor-quota": quota}
"""The rows of a service's own field; a service that measures its field adds its own."""


def dashboard(service: Service) -> Dashboard:
    job = service.name
    field = (FIELD[job](),) if job in FIELD else ()
    return Dashboard(job, TITLES[job], (*field, delivery(job), http(job), process(job)))


BOARDS = tuple(dashboard(service) for service in SERVICES)
