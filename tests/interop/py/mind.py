"""The mind of an agent in a run: the model that answers it, and the MCP server beside it."""

import asyncio
import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

from acp.schema import McpServerStdio

INTEROP = Path(__file__).parent.parent
SCENARIO = INTEROP / "scenario.jsonl"
EVERYTHING = INTEROP / "mcp/node_modules/@modelcontextprotocol/server-everything/dist/index.js"
# Longest time between a cancel and its effect, in seconds: far more than any needs.
SOON = 1


class Mind:
    """Answers by a script inside the agent; or, if a dialect is named, over HTTP in that dialect, with an MCP server
    beside it, as the configuration says that is written below `home`.
    """

    def __init__(self, dialect, home):
        self.dialect = dialect
        self.home = home
        self.env = {"ADJUTANT_MODEL": "scripted", "ADJUTANT_SCRIPT": str(SCENARIO)}
        self.mcp_servers = []
        self.url = None

    def __enter__(self):
        if not self.dialect:
            return self
        node = shutil.which("node")
        program = [node, INTEROP / "model/server.mjs", SCENARIO]
        self._process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self._process.stdout.readline().strip()
        folder = self.home / ".config/adjutant"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_bytes(self._read(f"configuration/{self.dialect}"))
        self.env = {}
        self.mcp_servers = [McpServerStdio(name="everything", command=node, args=[str(EVERYTHING)], env=[])]
        return self

    def __exit__(self, *_):
        if self.url:
            self._process.stdin.close()
            self._process.wait()

    def _read(self, path):
        with urllib.request.urlopen(f"{self.url}/{path}") as response:
            return response.read()

    def seen(self):
        return json.loads(self._read("seen"))

    def told(self, said):
        """What the model was asked last, which has to be about those words of the person's."""
        last = self.seen()["asked"][-1]
        assert last["said"] == said, last
        return last

    async def noticed(self, cancel):
        """Cancels what the model is saying; done when the model has noticed, which has to be soon."""
        before = len(self.seen()["hungUp"])
        await cancel()
        start = time.monotonic()
        while len(self.seen()["hungUp"]) == before:
            assert time.monotonic() - start < SOON, f"the model's connection is open {SOON} s after the cancel"
            await asyncio.sleep(0.01)
