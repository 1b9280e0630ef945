from __future__ import annotations

import os

collect_ignore = [] if "EXPLAINED_QUERIES" in os.environ else ["test_noted_queries.py"]
"""Without the notes of a run before there is nothing to explain: `make test-queries`."""
