"""Plays the season on the running stack, once for its data."""

import asyncio
import sys

from chassis.servers import ServerDiedError

from deploy.local.places import Places


async def play(places: Places) -> None:
    """Play it as a program of its own that shows its progress here; marked as done only when it came to its end."""
    season = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.season", str(places.stack), start_new_session=True
    )
    try:
        code = await season.wait()
    except asyncio.CancelledError:
        season.terminate()
        await season.wait()
        raise
    if code != 0:
        raise ServerDiedError(f"the season did not come to its end (exit {code}); start again to go on with it")
    places.season_done.touch()
