"""Plays the season on the running stack, once for its data."""

import asyncio
import sys

from devkit.servers.processes import die_with_parent

from deploy.local.paths import StackPaths


async def play(places: StackPaths) -> bool:
    """Play it as a program of its own that shows its progress here; say whether it came out as it must.

    Only then is it marked as played; otherwise the next start goes on with it.
    """
    season = await asyncio.create_subprocess_exec(
        *die_with_parent([sys.executable, "-m", "deploy.demo", str(places.stack)]), start_new_session=True
    )
    try:
        code = await season.wait()
    except asyncio.CancelledError:
        season.terminate()
        await season.wait()
        raise
    if code == 0:
        places.season_done.touch()
    return code == 0
