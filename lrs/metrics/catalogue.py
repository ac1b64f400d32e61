"""Every metric by its name: what it says, and how it is told apart. The dashboard has no others."""

from typing import Final, Literal, NamedTuple

PROCESS: Final = "process"
"""The label of what each process counts for itself: one that is started again begins at nothing, and is seen to."""


class Metric(NamedTuple):
    """labels: beside `process`, which every metric has that is not of the whole store."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    says: str
    labels: tuple[str, ...] = ()
    of_store: bool = False


OF_PROCESSES: Final = (
    Metric("lrs_request_seconds", "histogram", "Requests to the statements resource.", ("kind", "outcome")),
    Metric("lrs_statements_total", "counter", "Statements of accepted requests: new, or known already.", ("outcome",)),
    Metric("lrs_commit_statements", "histogram", "Statements that were written to the log in one round trip."),
    Metric("lrs_commit_seconds", "histogram", "How long such a round trip took."),
    Metric("lrs_queue_statements", "gauge", "Statements that wait to be written."),
    Metric("lrs_queue_bytes", "gauge", "Their bytes."),
    Metric("lrs_held_bytes", "gauge", "Bytes of request bodies that are held."),
    Metric(
        "lrs_pool_connections",
        "gauge",
        "Connections to the database: open, and those that are idle.",
        ("pool", "state"),
    ),
    Metric("lrs_pool_waits_total", "counter", "How often a connection had to be waited for.", ("pool",)),
    Metric("lrs_pool_wait_seconds_total", "counter", "For how long, together.", ("pool",)),
    Metric("lrs_pool_errors_total", "counter", "How often none was given.", ("pool",)),
    Metric("lrs_live_clients", "gauge", "Readers of live streams."),
    Metric("lrs_live_courses", "gauge", "Courses that somebody follows."),
    Metric("lrs_live_resets_total", "counter", "Readers that had to begin anew, because they were too slow."),
    Metric("lrs_live_cut_total", "counter", "Readers that took nothing any more, and were cut off."),
    Metric("lrs_live_delayed", "gauge", "1 while changes are looked for instead of told."),
    Metric("lrs_process_cpu_seconds_total", "counter", "CPU time of the process."),
    Metric("lrs_process_resident_bytes", "gauge", "Memory of the process."),
)
OF_STORE: Final = (
    Metric("lrs_database_up", "gauge", "1 while the database answers.", of_store=True),
    Metric("lrs_log_position", "gauge", "The highest position that the log has given.", of_store=True),
    Metric("lrs_projection_position", "gauge", "The position that the read models have reached.", of_store=True),
    Metric("lrs_projection_lag_positions", "gauge", "How far they are behind the log.", of_store=True),
    Metric("lrs_projection_lag_seconds", "gauge", "The age of the first statement that is not in them.", of_store=True),
    Metric("lrs_relay_lag_positions", "gauge", "How far a Kafka topic is behind the log.", ("topic",), of_store=True),
    Metric(
        "lrs_relay_lag_seconds", "gauge", "The age of the first statement that is not in it.", ("topic",), of_store=True
    ),
    Metric("lrs_relay_quiet_seconds", "gauge", "Since Kafka has last acknowledged.", ("topic",), of_store=True),
    Metric("lrs_dead_letters", "gauge", "Dead letters of each state.", ("state",), of_store=True),
    Metric("lrs_oldest_transaction_seconds", "gauge", "Age of the oldest transaction that writes.", of_store=True),
)
METRICS: Final = {metric.name: metric for metric in (*OF_PROCESSES, *OF_STORE)}
