"""Lets a service that a test starts as a process note its queries: Python imports this module as it starts."""  # noqa: INP001 - found by its folder, on PYTHONPATH

import sys

if any(each.endswith(".main") for each in sys.orig_argv):
    from devkit import query_log

    query_log.install()
