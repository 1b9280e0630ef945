"""A season of applications, played on the running services from sample files in real form."""

from deploy.season.play import play

__all__ = ["play"]
