"""The binary as a child over real pipes.

Every line in either direction goes to a transcript, with `>` before the client's and `<` before the agent's.
"""

import asyncio
import traceback

# Longest time a step may take, in seconds: far more than any needs.
PATIENCE = 60


class Failed(Exception):
    """A step failed, and was reported."""


async def step(topic, name, work):
    """Reports a step as a line `ok <name>` or `not ok <name>`; the first that fails ends the run."""
    try:
        result = await asyncio.wait_for(work, PATIENCE)
    except Exception as error:
        data = getattr(error, "data", None)
        print(f"not ok {topic}: {name}\n{traceback.format_exc()}{data or ''}", flush=True)
        raise Failed from error
    print(f"ok {topic}: {name}", flush=True)
    return result


async def start(*command, cwd, env, transcript):
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    process.stdin.write = _noting(process.stdin.write, "> ", transcript)
    process.stdout.feed_data = _noting(process.stdout.feed_data, "< ", transcript)
    return process


async def ended(process):
    """Closes the agent's stdin, upon which it has to end, without a word of complaint."""
    process.stdin.close()
    await gone(process)


async def gone(process):
    """Waits for the agent's end, which has to be in order."""
    assert await process.wait() == 0, process.returncode
    errors = (await process.stderr.read()).decode()
    assert not errors, errors


def _noting(passing, mark, transcript):
    """Passes bytes on and notes whole lines."""
    rest = b""

    def note(data):
        nonlocal rest
        *lines, rest = (rest + bytes(data)).split(b"\n")
        for line in lines:
            transcript.write(mark + line.decode() + "\n")
        return passing(data)

    return note
