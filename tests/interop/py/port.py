"""The binary as a server on a free port of this machine, and the client's own ways to it.

Every message in either direction goes to a transcript, with `>` before the client's and `<` before the agent's.
"""

import asyncio
import json
import re
from pathlib import Path

from acp.client.connection import ClientSideConnection


async def http(address, headers):
    from acp.http import create_http_stream

    return create_http_stream(f"http://{address}/acp", headers=headers)


async def ws(address, headers):
    from acp.ws import create_websocket_stream

    return await create_websocket_stream(f"ws://{address}/acp", headers=headers)


OVER = {"http": http, "ws": ws}


async def connect(editor, over, binary, cwd, env, transcript):
    """Starts the server; gives the client's connection and the process."""
    process = await asyncio.create_subprocess_exec(
        binary,
        *("acp", "--port", "0"),
        cwd=cwd,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    line = (await process.stderr.readline()).decode()
    found = re.search(r"listening on (\S+); the token is in (.+)", line)
    assert found, line
    token = json.loads(Path(found[2]).read_text())["token"]
    transport = await OVER[over](found[1], {"Authorization": f"Bearer {token}"})
    return ClientSideConnection(editor, Noting(transport, transcript), use_unstable_protocol=True), process


class Noting:
    """A transport whose messages are noted."""

    def __init__(self, transport, transcript):
        self.transport = transport
        self.transcript = transcript

    async def send(self, message):
        self._note("> ", message)
        await self.transport.send(message)

    async def receive(self):
        message = await self.transport.receive()
        if message is not None:
            self._note("< ", message)
        return message

    async def close(self):
        await self.transport.close()

    def _note(self, mark, message):
        self.transcript.write(f"{mark}{json.dumps(message, separators=(',', ':'))}\n")
