"""The demo: one season of applications on the running services, from sample files in their real form."""

from deploy.demo.play import run

__all__ = ["run"]
