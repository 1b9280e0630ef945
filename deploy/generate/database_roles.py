"""The roles of the services' users in their databases at run time, and the configuration that every mongod needs."""

import json
from pathlib import Path

from chassis.runtime.layout import DatabaseLayout

from deploy.services import SERVICES

FOLDER = Path(__file__).parent.parent / "mongodb"
COMMITTED = FOLDER / "roles.json"
CONFIGURATION = """\
# For every mongod of the replica sets, beside its own listeners, keys and folders.
net:
  tls:
    mode: requireTLS
security:
  authorization: enabled
  # No query, aggregation or update runs a program: nothing here writes one.
  javascriptEnabled: false
"""


def generate() -> dict[Path, str]:
    """Return file → text: for each service the command that creates the role of its user."""
    roles = {
        each.name: DatabaseLayout.of_package(each.package).role(f"{each.name}-runtime", each.database)
        for each in SERVICES
    }
    return {
        COMMITTED: json.dumps(roles, indent=2) + "\n",
        FOLDER / "mongod.conf": CONFIGURATION,
    }
