"""Panels, and the rows for every service: delivery, HTTP, processes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

SERVICE = "$service"
"""Variable of the dashboard; stands in queries for the name of the chosen service."""
HERE = f'{{job="{SERVICE}"}}'


class PanelUnit(Enum):
    """Grafana's name, and the Chinese word."""

    COUNT = ("short", "")
    SECONDS = ("s", "秒")
    PER_SECOND = ("cps", "每秒")
    BYTES = ("bytes", "字节")

    @property
    def grafana(self) -> str:
        return self.value[0]

    @property
    def word(self) -> str:
        return self.value[1]


@dataclass(frozen=True)
class Query:
    expression: str
    legend: str = ""
    """Text in the graph; ``{{label}}`` stands for the value of a label."""


@dataclass(frozen=True)
class Panel:
    """One number or one graph; a number is red from ``alarm`` on."""

    title: str
    english: str
    queries: tuple[Query, ...]
    unit: PanelUnit = PanelUnit.COUNT
    alarm: float | None = None


@dataclass(frozen=True)
class Row:
    title: str
    numbers: tuple[Panel, ...] = ()
    graphs: tuple[Panel, ...] = ()
    service: str | None = None
    """Service that alone has the metrics of this row."""


@dataclass(frozen=True)
class Dashboard:
    name: str
    title: str
    services: tuple[str, ...]
    """Values of the variable."""
    rows: tuple[Row, ...]

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for row in self.rows for panel in (*row.numbers, *row.graphs))


def number(
    title: str, english: str, expression: str, unit: PanelUnit = PanelUnit.COUNT, alarm: float | None = None
) -> Panel:
    return Panel(title, english, (Query(expression),), unit, alarm)


def graph(title: str, english: str, unit: PanelUnit, *queries: Query) -> Panel:
    return Panel(title, english, queries, unit)


def quantiles(histogram: str) -> tuple[Query, ...]:
    """Return median and 99th percentile over the last five minutes."""
    rate = f"sum by (le) (rate({histogram}_bucket{HERE}[5m]))"
    return tuple(Query(f"histogram_quantile({share}, {rate})", word) for share, word in ((0.5, "中位"), (0.99, "99%")))


def rates(counter: str, label: str = "") -> Query:
    """Return the rate of a counter, by one label or in total."""
    by = f" by ({label})" if label else ""
    legend = f"{{{{{label}}}}}" if label else ""
    return Query(f"sum{by} (rate({counter}{HERE}[5m]))", legend)


def delivery() -> Row:
    return Row(
        "投递 Delivery",
        numbers=(
            number("待发事件", "Events waiting to be published", f"max(green_outbox_pending{HERE})"),
            number(
                "最早待发事件",
                "Age of the oldest unpublished event",
                f"max(green_outbox_oldest_pending_seconds{HERE})",
                PanelUnit.SECONDS,
                alarm=30,
            ),
            number("搁置消息", "Messages parked", f"max(green_parked_messages{HERE})", alarm=1),
            number(
                "死信（1小时）",
                "Dead letters in an hour",
                f"sum(increase(green_dead_letters_total{HERE}[1h]))",
                alarm=1,
            ),
        ),
        graphs=(
            graph(
                "事件到达时龄",
                "Age of events at handling",
                PanelUnit.SECONDS,
                *quantiles("green_event_lag_seconds"),
            ),
            graph("事务提交用时", "Time of a commit", PanelUnit.SECONDS, *quantiles("green_commit_duration_seconds")),
            graph(
                "处理量（按结果）",
                "Work items by outcome",
                PanelUnit.PER_SECOND,
                rates("green_work_items_total", "outcome"),
            ),
            graph(
                "重复、重试、失败",
                "Duplicates, conflicts, deferred, failures",
                PanelUnit.PER_SECOND,
                *(
                    Query(rates(f"green_{name}_total").expression, word)
                    for name, word in (
                        ("inbox_duplicates", "重复"),
                        ("commit_conflicts", "冲突重试"),
                        ("messages_deferred", "推迟"),
                        ("handler_failures", "处理失败"),
                        ("relay_failures", "发送失败"),
                    )
                ),
            ),
        ),
    )


def http() -> Row:
    return Row(
        "接口 HTTP",
        graphs=(
            graph(
                "请求量（按状态）",
                "Requests by status",
                PanelUnit.PER_SECOND,
                rates("http_requests_total", "status"),
            ),
            graph("应答用时", "Time to answer", PanelUnit.SECONDS, *quantiles("http_request_duration_highr_seconds")),
            graph(
                "规则拒绝（按代码）",
                "Refusals by a rule, by code",
                PanelUnit.PER_SECOND,
                rates("green_handler_refusals_total", "code"),
            ),
            graph(
                "权限拒绝（按权限项）",
                "Access denied, by policy",
                PanelUnit.PER_SECOND,
                rates("green_access_denied_total", "policy"),
            ),
            graph(
                "过载拒绝",
                "Rejected beyond the limit in flight",
                PanelUnit.PER_SECOND,
                rates("green_requests_rejected_total", "instance"),
            ),
        ),
    )


def process() -> Row:
    return Row(
        "进程与任务 Processes and jobs",
        graphs=(
            graph("内存", "Memory", PanelUnit.BYTES, Query(f"process_resident_memory_bytes{HERE}", "{{instance}}")),
            graph(
                "距任务上次检查",
                "Since the last poll of a job",
                PanelUnit.SECONDS,
                Query(_seconds_since_poll(), "{{exported_job}}"),
            ),
            graph(
                "检查失败与无法读取的记录",
                "Failed polls, unreadable documents",
                PanelUnit.PER_SECOND,
                Query(rates("green_job_polls_failed_total").expression, "检查失败"),
                Query(rates("green_unreadable_documents_total").expression, "无法读取"),
            ),
            graph(
                "距业务指标上次读取",
                "Since a gauge was read",
                PanelUnit.SECONDS,
                Query(f"time() - max by (gauge) (green_gauge_last_read_timestamp_seconds{HERE})", "{{gauge}}"),
            ),
        ),
    )


def _seconds_since_poll() -> str:
    return f"time() - max by (exported_job) (green_job_last_poll_timestamp_seconds{HERE})"
