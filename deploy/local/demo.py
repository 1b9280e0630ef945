"""Plays the demo on the running stack, once for its data."""

import asyncio
import sys

from devkit.servers.processes import die_with_parent

from deploy.local.paths import StackPaths


async def play(places: StackPaths) -> bool:
    """Run the demo as a child process that shows its progress here; return whether its results are as expected.

    Only then is the demo marked as played; otherwise the next start continues it.
    """
    demo = await asyncio.create_subprocess_exec(
        *die_with_parent([sys.executable, "-m", "deploy.demo", str(places.stack)]), start_new_session=True
    )
    try:
        code = await demo.wait()
    except asyncio.CancelledError:
        demo.terminate()
        await demo.wait()
        raise
    if code == 0:
        places.demo_done.touch()
    return code == 0
