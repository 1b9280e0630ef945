"""A season of applications, played on the running services from sample files in real form."""

from deploy.demo.play import run

__all__ = ["run"]
