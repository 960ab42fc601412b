"""The official Python client against the real binary: $ADJUTANT, transcript to the file given.

The model is a script inside the agent, or, if a wire dialect is named, a server that speaks it; the agent is on pipes,
or, if a transport is named, a server on a port.
"""

import argparse
import asyncio
import contextlib
import importlib.metadata
import logging
import os
import sys
import tempfile
from pathlib import Path

from acp import PROTOCOL_VERSION, RequestError
from acp.schema import ClientCapabilities, FileSystemCapabilities, Implementation, TextContentBlock

import child
import port
from child import Failed
from editor import Editor, connect
from mind import Mind


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--over", choices=port.OVER)
    parser.add_argument("transcript")
    parser.add_argument("dialect", nargs="?")
    return parser.parse_args()


ARGS = arguments()
TOPIC = ", ".join(filter(None, ["py sdk", importlib.metadata.version("agent-client-protocol"), ARGS.over, ARGS.dialect]))


def text_block(text):
    return TextContentBlock(type="text", text=text)


async def step(name, work):
    return await child.step(TOPIC, name, work)


class Talk:
    """A client's side of one session. What it sees of it is kept in `live`, its own words included."""

    def __init__(self, cwd, mind):
        self.cwd = cwd
        self.mind = mind
        self.live = []
        self.id = None
        self.editor = None
        self.agent = None

    def updates(self, session=None):
        return [update for id, update in self.editor.updates if id == (session or self.id)]

    async def prompt(self, text, meanwhile=None):
        start = len(self.updates())
        reply = asyncio.ensure_future(self.agent.prompt(session_id=self.id, prompt=[text_block(text)]))
        if meanwhile:
            await meanwhile(lambda: self.updates()[start:])
        answer = await reply
        seen = self.updates()[start:]
        own = {"sessionUpdate": "user_message_chunk", "messageId": text, "content": {"type": "text", "text": text}}
        self.live += [own, *seen]
        return answer.stop_reason, seen

    async def cancel(self):
        await self.agent.cancel(session_id=self.id)

    def place(self):
        return {"cwd": self.cwd, "mcp_servers": self.mind.mcp_servers}

    async def replay(self, session):
        start = len(self.updates(session))
        await self.agent.load_session(session_id=session, **self.place())
        # The client hands out a reply before the updates that came ahead of it have reached their handler;
        # the commands come after both.
        seen = lambda: self.updates(session)[start:]
        await self.editor.until(lambda: any(it["sessionUpdate"] == "available_commands_update" for it in seen()))
        return shown(seen())


def shown(updates):
    """What a person sees: texts put together, calls as they ended, plans."""
    entries, calls = [], {}
    for update in updates:
        kind = update["sessionUpdate"]
        if kind.endswith("_chunk"):
            message = None if kind.startswith("user") else update["messageId"]
            words = update["content"]["text"]
            if entries and entries[-1][:2] == [kind, message]:
                entries[-1][2] += words
            else:
                entries.append([kind, message, words])
        elif kind in ("tool_call", "tool_call_update"):
            id = update["toolCallId"]
            assert (kind == "tool_call") == (id not in calls), f"{kind} of {id}"
            if id not in calls:
                calls[id] = {}
                entries.append(["call", id, calls[id]])
            calls[id].update({key: value for key, value in update.items() if key != "sessionUpdate"})
        elif kind == "plan":
            entries.append(["plan", None, update["entries"]])
    return entries


def lasting(entries):
    """What stays of it: a terminal is gone when its call is shown again, and what it showed is text then."""
    for kind, _, what in entries:
        if kind == "call" and what.get("kind") == "execute" and what.get("content"):
            what["content"] = [bool(it["type"] == "terminal" or it["content"]["text"]) for it in what["content"]]
    return entries


def said(updates):
    return [words for kind, _, words in shown(updates) if kind == "agent_message_chunk"]


def call(updates):
    return next(it for kind, _, it in shown(updates) if kind == "call")


async def greet(talk):
    reply = await talk.agent.initialize(
        protocol_version=PROTOCOL_VERSION,
        client_capabilities=ClientCapabilities(
            fs=FileSystemCapabilities(read_text_file=True, write_text_file=True), terminal=True
        ),
        client_info=Implementation(name="interop", version="1.0.0"),
    )
    assert reply.protocol_version == 1, reply
    assert reply.agent_capabilities.load_session, reply
    await talk.agent.authenticate(method_id=reply.auth_methods[0].id)


async def new(talk):
    reply = await talk.agent.new_session(**talk.place())
    talk.id = reply.session_id
    assert reply.modes.current_mode_id == "default", reply
    assert [it.id for it in reply.config_options] == ["mode", "model", "agent"], reply
    commands = lambda: any(it["sessionUpdate"] == "available_commands_update" for it in talk.updates())
    await talk.editor.until(commands)


async def allowed(talk):
    talk.editor.answers.append("allow_once")
    stop, updates = await talk.prompt("write the note")
    assert (stop, said(updates)) == ("end_turn", ["I write the note.", "The note is written."]), updates
    assert call(updates)["status"] == "completed", updates
    assert Path(talk.cwd, "note.txt").read_text() == "first line\n"


async def rejected(talk):
    for answer in ("reject_once", "cancelled"):
        talk.editor.answers.append(answer)
        _, updates = await talk.prompt("write the secret")
        assert call(updates)["status"] == "failed", updates
        assert not Path(talk.cwd, "secret.txt").exists()


async def told_of_results(talk):
    talk.editor.answers.append("allow_once")
    await talk.prompt("write the note")
    told = talk.mind.told("write the note")
    assert "note.txt" in "".join(told["results"]) and told["sealed"] > 0, told
    assert {"write", "everything_get-sum"} <= set(told["tools"]), told


async def mcp_tool(talk):
    talk.editor.answers.append("allow_once")
    _, updates = await talk.prompt("add the numbers")
    assert said(updates) == ["The numbers are added."], updates
    assert talk.editor.questions[-1] == call(updates)["toolCallId"], updates
    assert "is 42" in "".join(talk.mind.told("add the numbers")["results"]), updates


async def hung_up(talk):
    async def after_some_text(seen):
        await talk.editor.until(lambda: said(seen()))
        await talk.mind.noticed(talk.cancel)

    stop, _ = await talk.prompt("count for ever", after_some_text)
    assert stop == "cancelled", stop


async def usage(talk):
    _, updates = await talk.prompt("plan the work")
    seen = [(it["used"], it["size"]) for it in updates if it["sessionUpdate"] == "usage_update"]
    assert (1234, 1_000_000_000) in seen, seen


async def unsaved(talk):
    path = Path(talk.cwd, "draft.txt")
    path.write_text("on the disk\n")
    talk.editor.buffers[str(path)] = "one\nnot saved yet\n"
    talk.editor.answers.append("allow_once")
    _, updates = await talk.prompt("change the draft")
    assert talk.editor.buffers[str(path)] == "one\nchanged by the agent\n", updates
    assert any(it["type"] == "diff" for it in call(updates)["content"]), updates


async def terminal(talk):
    talk.editor.answers.append("allow_once")
    _, updates = await talk.prompt("run the check")
    assert Path(talk.cwd, "checked.txt").exists(), updates
    assert any(it["type"] == "terminal" for it in call(updates)["content"]), updates
    assert not talk.editor.terminals, "a terminal was not released"


async def cancelled(talk):
    async def after_some_text(seen):
        await talk.editor.until(lambda: len(said(seen())) and len(said(seen())[0]) > 20)
        await talk.cancel()

    async def when_asked(_):
        asked = len(talk.editor.questions)
        await talk.editor.until(lambda: len(talk.editor.questions) > asked)
        await talk.cancel()

    stop, _ = await talk.prompt("count for ever", after_some_text)
    assert stop == "cancelled", stop
    talk.editor.answers.append("hold")
    stop, updates = await talk.prompt("write the secret", when_asked)
    assert stop == "cancelled" and call(updates)["status"] == "failed", updates
    stop, updates = await talk.prompt("say hello")
    assert (stop, said(updates)) == ("end_turn", ["Said."]), updates


async def settings(talk):
    await talk.agent.set_session_mode(session_id=talk.id, mode_id="accept-edits")
    reply = await talk.agent.set_config_option(config_id="mode", session_id=talk.id, value="plan")
    assert next(it for it in reply.config_options if it.id == "mode").current_value == "plan", reply
    modes = lambda: [it["currentModeId"] for it in talk.updates() if it["sessionUpdate"] == "current_mode_update"]
    await talk.editor.until(lambda: modes()[-1:] == ["plan"])
    await refused(-32602, talk.agent.set_session_mode(session_id=talk.id, mode_id="no such mode"))


async def refused(code, request):
    try:
        await request
    except RequestError as error:
        assert error.code == code, error
        return
    raise AssertionError("it was not refused")


async def listed(talk):
    await greet(talk)
    sessions = (await talk.agent.list_sessions(cwd=talk.cwd)).sessions
    assert [(it.session_id, it.cwd) for it in sessions] == [(talk.id, talk.cwd)], sessions
    assert sessions[0].title and sessions[0].updated_at, sessions


async def loaded(talk):
    assert lasting(await talk.replay(talk.id)) == lasting(shown(talk.live))


async def resumed(talk):
    start = len(talk.updates())
    await talk.agent.resume_session(session_id=talk.id, **talk.place())
    _, updates = await talk.prompt("say more")
    assert shown(talk.updates()[start:]) == shown(updates), "something of before was shown"


async def forked(talk):
    parent, before = talk.id, shown(talk.live)
    talk.id = (await talk.agent.fork_session(session_id=parent, **talk.place())).session_id
    await talk.prompt("say something")
    assert lasting(await talk.replay(talk.id)) == lasting(shown(talk.live))
    assert lasting(await talk.replay(parent)) == lasting(before)


async def closed_and_deleted(talk):
    await talk.agent.close_session(session_id=talk.id)
    await refused(-32002, talk.agent.prompt(session_id=talk.id, prompt=[text_block("say no")]))
    # This client has no method for it yet.
    await talk.agent._conn.send_request("session/delete", {"sessionId": talk.id})
    await refused(-32002, talk.agent.load_session(session_id=talk.id, **talk.place()))


async def ended(talk, process):
    """Upon which it has to end, without a word of complaint."""
    if not ARGS.over:
        return await child.ended(process)
    await talk.agent.close()
    process.terminate()
    await child.gone(process)


@contextlib.asynccontextmanager
async def agent(talk, binary, env, transcript):
    talk.editor = Editor()
    place = (binary, talk.cwd, env, transcript)
    talk.agent, process = await (port.connect(talk.editor, ARGS.over, *place) if ARGS.over else connect(talk.editor, *place))
    try:
        yield
        ends = "in order when it is told to" if ARGS.over else "by itself when its stdin is closed"
        await step(f"the agent ends {ends}", ended(talk, process))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await talk.agent.close()


async def first(talk):
    await step("initialize tells what the agent can do", greet(talk))
    await step("session/new opens a session, and its commands follow the reply", new(talk))
    await step("what was allowed once is done", allowed(talk))
    await step("what was rejected or waved away is not done", rejected(talk))
    if talk.mind.url:
        await step("the model is told what came of its call, and gets its thought back", told_of_results(talk))
        await step("a tool of an MCP server is asked for, called, and told of", mcp_tool(talk))
        await step("a turn that is cancelled closes the model's connection", hung_up(talk))
    await step("the use of the context is shown", usage(talk))
    await step("an edit works on the unsaved text of the editor", unsaved(talk))
    await step("a command runs in a terminal of the editor, which is released", terminal(talk))
    await step("a turn is cancelled in a stream and in a question", cancelled(talk))
    await step("modes and options stay in step", settings(talk))


async def second(talk):
    await step("session/list names the session, with a title and a time", listed(talk))
    await step("session/load shows what was seen live", loaded(talk))
    await step("session/resume shows nothing of before", resumed(talk))
    await step("session/fork goes its own way with the history so far", forked(talk))
    await step("a closed session takes no prompt, and a deleted one is gone", closed_and_deleted(talk))


async def main(folder, transcript, dialect):
    home, cwd = folder / "home", folder / "project"
    home.mkdir()
    cwd.mkdir()
    binary = str(Path(os.environ["ADJUTANT"]).resolve())
    with Mind(dialect, home) as mind:
        env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **mind.env}
        talk = Talk(str(cwd), mind)
        async with agent(talk, binary, env, transcript):
            await first(talk)
        async with agent(talk, binary, env, transcript):
            await second(talk)


if __name__ == "__main__":
    # The client logs every notification that it does not know, `$/cancel_request` among them.
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="adjutant-interop-") as folder, open(ARGS.transcript, "a") as transcript:
        try:
            asyncio.run(main(Path(folder).resolve(), transcript, ARGS.dialect))
        except Failed:
            sys.exit(1)
