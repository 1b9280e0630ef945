"""The dashboard of the services: rows for every service, then rows of one service's domain."""

from __future__ import annotations

from deploy.generate.dashboards.panels import Dashboard, PanelUnit, Query, Row, delivery, graph, http, number, process
from deploy.services import SERVICES


def quota() -> Row:
    """Return the domain row of assessor-quota; each process with the jobs role reads the gauges: the maximum counts."""
    return Row(
        "名额与处罚 Quota and sanctions",
        numbers=(
            number(
                "台账漂移（须为0）",
                "Ledger discrepancies, must be 0",
                "sum(max by (kind) (green_quota_ledger_discrepancies))",
                alarm=1,
            ),
            number(
                "名额已满的法定代表人",
                "Representatives with no item left",
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
        service="assessor-quota",
    )


def _stale() -> str:
    return 'max(time() - max by (gauge) (green_gauge_last_read_timestamp_seconds{job="assessor-quota"}))'


DASHBOARD = Dashboard(
    "services",
    "绿色制造服务 Services",
    tuple(service.name for service in SERVICES),
    (delivery(), http(), process(), quota()),
)
