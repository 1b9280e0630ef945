"""Reads an xlsx with the standard library alone, in a process of its own (decision 0032): ``child`` is its program.

The modules import one another relatively, because the child loads this folder without the chassis around it.
"""
