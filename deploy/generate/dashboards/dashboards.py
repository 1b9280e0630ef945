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


def applications() -> Row:
    return Row(
        "申报 Applications",
        graphs=(
            graph(
                "申报数量（按状态）",
                "Applications by state",
                PanelUnit.COUNT,
                Query("sum by (state) (max by (state, prefecture) (green_applications))", "{{state}}"),
            ),
            graph(
                "已受理申报（按盟市）",
                "Accepted applications by prefecture",
                PanelUnit.COUNT,
                Query('max by (prefecture) (green_applications{state="accepted"})', "{{prefecture}}"),
            ),
        ),
        service="applications",
    )


def review() -> Row:
    return Row(
        "评审 Review",
        numbers=(
            number("距5月31日上报截止（天）", "Days until forwarding ends", "min(green_review_days_to_forward)"),
            number("中断的批次办理", "Acts halted", "max(green_review_acts_halted)", alarm=1),
        ),
        graphs=(
            graph(
                "在办项目（按阶段）",
                "Cases by stage",
                PanelUnit.COUNT,
                Query("max by (stage) (green_review_cases)", "{{stage}}"),
            ),
            graph(
                "各阶段最早项目的历时",
                "Age of the oldest case at each stage",
                PanelUnit.SECONDS,
                Query("max by (stage) (green_review_oldest_case_age_seconds)", "{{stage}}"),
            ),
        ),
        service="review",
    )


def registry() -> Row:
    return Row(
        "名单与名录 Lists and register",
        numbers=(
            number(
                "公示结果差异（须为0）",
                "Differences from review's notices, must be 0",
                "sum(max by (kind) (green_registry_clearance_differences))",
                alarm=1,
            ),
            number("名录中的称号", "Titles shown today", "sum(max by (unit_type) (green_registry_titles))"),
        ),
        graphs=(
            graph(
                "名录中的称号（按类型）",
                "Titles by type of unit",
                PanelUnit.COUNT,
                Query("max by (unit_type) (green_registry_titles)", "{{unit_type}}"),
            ),
            graph(
                "本年度名单（按状态）",
                "Lines of this year's list by state",
                PanelUnit.COUNT,
                Query("max by (state) (green_registry_list_lines)", "{{state}}"),
            ),
            graph(
                "本年度移出（按状态）",
                "Removals of this year by state",
                PanelUnit.COUNT,
                Query("max by (state) (green_registry_removals)", "{{state}}"),
            ),
        ),
        service="registry",
    )


def notify() -> Row:
    return Row(
        "邮件 E-mails",
        numbers=(
            number("未能送达的邮件", "E-mails given up", 'max(green_notify_mails{state="failed"})', alarm=1),
            number(
                "应发未发",
                "Since an e-mail was due",
                "max(green_notify_mail_overdue_seconds)",
                PanelUnit.SECONDS,
                alarm=600,
            ),
        ),
        graphs=(
            graph(
                "邮件（按状态）",
                "E-mails by state",
                PanelUnit.COUNT,
                Query("max by (state) (green_notify_mails)", "{{state}}"),
            ),
        ),
        service="notify",
    )


DASHBOARD = Dashboard(
    "services",
    "绿色制造服务 Services",
    tuple(service.name for service in SERVICES),
    (delivery(), http(), process(), applications(), quota(), review(), registry(), notify()),
)
