"""Jobs, and the scheduler that runs each due item once."""

from chassis.scheduling.job import Job

__all__ = [
    "Job",
]
