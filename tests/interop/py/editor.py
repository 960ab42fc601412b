"""An editor: the binary as its child over real pipes, with files, unsaved buffers and terminals to offer.

Every line in either direction goes to a transcript, with `>` before the editor's and `<` before the agent's.
"""

import asyncio
import os
import signal
from pathlib import Path

from acp import RequestError
from acp.client.connection import ClientSideConnection
from acp.schema import (
    AllowedOutcome,
    CreateTerminalResponse,
    DeniedOutcome,
    ReadTextFileResponse,
    RequestPermissionResponse,
    TerminalExitStatus,
    TerminalOutputResponse,
    WaitForTerminalExitResponse,
)

from child import start


class Editor:
    """What the agent may call; and what it called, asked and told."""

    def __init__(self):
        self.buffers = {}
        self.calls = []
        self.questions = []
        self.answers = []
        self.updates = []
        self.terminals = {}
        self._made = 0
        self._changed = asyncio.Condition()
        self._writers = set()

    async def until(self, condition):
        """Waits until the condition holds; it is looked at after everything that arrives."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def _called(self, method):
        self.calls.append(method)
        async with self._changed:
            self._changed.notify_all()

    async def session_update(self, session_id, update, **_):
        self.updates.append((session_id, update.model_dump(by_alias=True, exclude_none=True)))
        await self._called("session/update")

    async def request_permission(self, session_id, tool_call, options, **_):
        answer = self.answers.pop(0)
        self.questions.append(tool_call.tool_call_id)
        await self._called("session/request_permission")
        if answer == "hold":
            await asyncio.Event().wait()
        if answer == "cancelled":
            return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))
        option = next(it for it in options if it.kind == answer)
        return RequestPermissionResponse(outcome=AllowedOutcome(outcome="selected", option_id=option.option_id))

    async def read_text_file(self, session_id, path, line=None, limit=None, **_):
        await self._called("fs/read_text_file")
        text = self.buffers.get(path)
        lines = (Path(path).read_text() if text is None else text).splitlines(keepends=True)
        first = (line or 1) - 1
        return ReadTextFileResponse(content="".join(lines[first : None if limit is None else first + limit]))

    async def write_text_file(self, session_id, path, content, **_):
        await self._called("fs/write_text_file")
        self.buffers[path] = content
        Path(path).write_text(content)

    async def create_terminal(self, session_id, command, args=None, env=None, cwd=None, output_byte_limit=None, **_):
        variables = {it.name: it.value for it in env or []}
        process = await asyncio.create_subprocess_exec(
            command,
            *(args or []),
            cwd=cwd,
            env={**os.environ, **variables},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self._made += 1
        name = f"terminal-{self._made}"
        self.terminals[name] = (process, asyncio.create_task(process.stdout.read()))
        await self._called("terminal/create")
        return CreateTerminalResponse(terminal_id=name)

    async def terminal_output(self, session_id, terminal_id, **_):
        await self._called("terminal/output")
        process, output = self._terminal(terminal_id)
        if process.returncode is None:
            return TerminalOutputResponse(output="", truncated=False)
        text = (await output).decode(errors="replace")
        return TerminalOutputResponse(output=text, truncated=False, exit_status=TerminalExitStatus(**_exit(process)))

    async def wait_for_terminal_exit(self, session_id, terminal_id, **_):
        await self._called("terminal/wait_for_exit")
        process, _output = self._terminal(terminal_id)
        await process.wait()
        return WaitForTerminalExitResponse(**_exit(process))

    async def kill_terminal(self, session_id, terminal_id, **_):
        process, _output = self._terminal(terminal_id)
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await self._called("terminal/kill")

    async def release_terminal(self, session_id, terminal_id, **_):
        process, _output = self._terminal(terminal_id)
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        del self.terminals[terminal_id]
        await self._called("terminal/release")

    def _terminal(self, name):
        if name not in self.terminals:
            raise RequestError.invalid_params({"terminalId": name})
        return self.terminals[name]

    def on_connect(self, connection):
        pass


def _exit(process):
    code = process.returncode
    return {"exit_code": code} if code >= 0 else {"signal": signal.Signals(-code).name}


async def connect(editor, binary, cwd, env, transcript):
    """Starts the agent; gives the client's connection and the process."""
    process = await start(binary, "acp", cwd=cwd, env=env, transcript=transcript)
    return ClientSideConnection(editor, process.stdin, process.stdout, use_unstable_protocol=True), process
