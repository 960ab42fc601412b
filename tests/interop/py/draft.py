"""The official Python client of the version-2 draft against the real binary: $ADJUTANT, transcript to the file given."""

import asyncio
import contextlib
import logging
import os
import sys
import tempfile
from pathlib import Path

from acp import RequestError
from acp.experimental import v2
from acp.experimental.v2 import schema

import child
from child import Failed, ended, start

TOPIC = "py sdk, version 2"
SCENARIO = Path(__file__).parent.parent / "scenario.jsonl"


async def step(name, work):
    return await child.step(TOPIC, name, work)


class Person(v2.Client):
    """Who is asked and shown things."""

    def __init__(self):
        self.answers = []
        self.questions = []
        self.updates = []
        self._changed = asyncio.Condition()

    async def until(self, condition):
        """Waits until the condition holds; it is looked at after everything that arrives."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def session_update(self, session_id, update, **_):
        self.updates.append(update.model_dump(mode="json", by_alias=True, exclude_none=True))
        async with self._changed:
            self._changed.notify_all()

    async def request_permission(self, session_id, title, options, description=None, subject=None, **_):
        answer = self.answers.pop(0)
        self.questions.append((title, description, subject.tool_call.tool_call_id))
        option = next(it for it in options if it.kind == answer)
        outcome = schema.SelectedPermissionOutcomeVariant(outcome="selected", option_id=option.option_id)
        return schema.RequestPermissionResponse(outcome=outcome)


class Talk:
    """A client's side of one session."""

    def __init__(self, cwd):
        self.cwd = cwd
        self.id = None
        self.person = None
        self.agent = None

    async def greet(self):
        info = schema.Implementation(name="interop", version="1.0.0")
        return await self.agent.initialize(protocol_version=2, info=info, capabilities=schema.ClientCapabilities())

    async def prompt(self, text, meanwhile=None):
        """Gives the receipt and everything that was shown until the session was idle again."""
        before = len(self.person.updates)
        seen = lambda: self.person.updates[before:]
        block = schema.TextContentBlock(type="text", text=text)
        receipt = await self.agent.prompt(session_id=self.id, prompt=[block])
        if meanwhile:
            await meanwhile(seen)
        await self.person.until(lambda: any(map(is_idle, seen())))
        return receipt.message_id, seen()


def is_idle(update):
    return update["sessionUpdate"] == "state_update" and update["state"] == "idle"


def states(updates):
    return [it["state"] for it in updates if it["sessionUpdate"] == "state_update"]


def said(updates, who):
    """Every message of somebody's, whole, by its id."""
    messages = {}
    for update in updates:
        kind, content = update["sessionUpdate"], update.get("content")
        if kind == who:
            messages[update["messageId"]] = "".join(it["text"] for it in content)
        elif kind == f"{who}_chunk":
            messages[update["messageId"]] = messages.get(update["messageId"], "") + content["text"]
    return messages


async def greeted(talk):
    reply = await talk.greet()
    assert reply.protocol_version == 2, reply
    assert reply.info.name == "adjutant", reply
    await talk.agent.login(method_id=reply.auth_methods[0].method_id)


async def opened(talk):
    reply = await talk.agent.new_session(cwd=talk.cwd)
    talk.id = reply.session_id
    assert [it.config_id for it in reply.config_options] == ["mode", "model", "agent"], reply


async def allowed(talk):
    talk.person.answers.append("allow_once")
    message, updates = await talk.prompt("write the note")
    assert said(updates, "user_message") == {message: "write the note"}, updates
    assert "".join(said(updates, "agent_message").values()) == "I write the note.The note is written."
    assert states(updates) == ["running", "requires_action", "running", "idle"], states(updates)
    assert updates[-1]["stopReason"] == "end_turn", updates[-1]
    title, description, call = talk.person.questions[-1]
    assert title and description
    last = [it for it in updates if it["sessionUpdate"] == "tool_call_update"][-1]
    assert (last["toolCallId"], last["status"]) == (call, "completed"), last
    assert last["content"][0]["changes"][0]["operation"] == "add", last
    assert (Path(talk.cwd) / "note.txt").read_text() == "first line\n"


async def terminal(talk):
    talk.person.answers.append("allow_once")
    _, updates = await talk.prompt("run the check")
    exits = [it["exitStatus"] for it in updates if it.get("exitStatus")]
    assert [it["exitCode"] for it in exits] == [3], exits


async def planned(talk):
    _, updates = await talk.prompt("plan the work")
    plan = next(it["plan"] for it in updates if it["sessionUpdate"] == "plan_update")
    assert plan["planId"] == "plan", plan
    assert [it["status"] for it in plan["entries"]] == ["completed", "in_progress"], plan


async def cancelled(talk):
    async def cancel(seen):
        chunks = lambda: [it for it in seen() if it["sessionUpdate"] == "agent_message_chunk"]
        await talk.person.until(lambda: len(chunks()) >= 3)
        await talk.agent.cancel_session(session_id=talk.id)

    _, updates = await talk.prompt("count for ever", cancel)
    assert updates[-1]["stopReason"] == "cancelled", updates[-1]
    _, updates = await talk.prompt("say hello")
    assert list(said(updates, "agent_message").values()) == ["Said."], updates


async def resumed(talk, before):
    await talk.greet()
    listed = await talk.agent.list_sessions(cwd=talk.cwd)
    assert [it.session_id for it in listed.sessions] == [talk.id], listed
    start = schema.ReplayFromStartVariant(type="start")
    await talk.agent.resume_session(session_id=talk.id, cwd=talk.cwd, replay_from=start)
    await talk.person.until(lambda: any(map(is_idle, talk.person.updates)))
    for who in ("user_message", "agent_message", "agent_thought"):
        assert said(talk.person.updates, who) == said(before, who), who
    assert states(talk.person.updates) == ["idle"], states(talk.person.updates)


async def deleted(talk):
    await talk.agent.close_session(session_id=talk.id)
    await talk.agent.delete_session(session_id=talk.id)
    try:
        await talk.agent.resume_session(session_id=talk.id, cwd=talk.cwd)
    except RequestError as error:
        assert error.code == -32002, error
    else:
        raise AssertionError("it is still there")


@contextlib.asynccontextmanager
async def agent(talk, binary, env, transcript):
    talk.person = Person()
    process = await start(binary, "acp", "--acp-v2", cwd=talk.cwd, env=env, transcript=transcript)
    talk.agent = v2.ClientSideConnection(talk.person, process.stdin, process.stdout)
    try:
        yield
        await step("the agent ends by itself when its stdin is closed", ended(process))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await talk.agent.close()


async def main(folder, transcript):
    home, cwd = folder / "home", folder / "project"
    home.mkdir()
    cwd.mkdir()
    binary = str(Path(os.environ["ADJUTANT"]).resolve())
    mind = {"ADJUTANT_MODEL": "scripted", "ADJUTANT_SCRIPT": str(SCENARIO)}
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **mind}
    talk = Talk(str(cwd))
    async with agent(talk, binary, env, transcript):
        await step("initialize settles on version 2", greeted(talk))
        await step("session/new brings options with its reply", opened(talk))
        await step("a prompt has its receipt, and its turn is told by the state", allowed(talk))
        await step("a command runs in a terminal of the agent's", terminal(talk))
        await step("a plan has a name of its own", planned(talk))
        await step("what is cancelled ends as cancelled, and the next prompt works", cancelled(talk))
    before = talk.person.updates
    async with agent(talk, binary, env, transcript):
        await step("session/resume with a replay shows what was seen live", resumed(talk, before))
        await step("what is deleted is gone", deleted(talk))


if __name__ == "__main__":
    # The client logs every notification that it does not know.
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="adjutant-interop-") as folder, open(sys.argv[1], "a") as transcript:
        try:
            asyncio.run(main(Path(folder).resolve(), transcript))
        except Failed:
            sys.exit(1)
