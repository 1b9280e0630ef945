"""The rules of applications: what a unit files, and what the regulation asks of it."""
