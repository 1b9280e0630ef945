"""The rules of applications: the documents a unit files, and the conditions of the regulation."""
