"""A simulated learner: logs in, starts a server, and runs notebooks in it as a browser does, by REST and websocket."""
import json
import re
import time
import uuid
from dataclasses import dataclass, field

import nbformat
import requests
from websocket import create_connection

from workbook.notebook_files import code_cells, notebook_paths, read, sanitized

CELL = 900  # seconds: longer than any cell takes, however many learners there are
# A migration that meets a lock says so once and begins again: on a busy machine also where it did not before.
WAITED = re.compile(
    r"(?m)^(INFO .* Running upgrade .*\n)"
    r"WARNI \[alembic\.env\] Tables are in use by another session; waiting for it to end\.\n(?:\1)+"
)
# A hub that starts thirty servers says to some of its learners that they should ask again, as their browsers then do.
BUSY, BEGUN = (429, 503), 400
ORIGINALS = {path.stem: path for path in notebook_paths()}


class Learner:
    """`name`, logged in at `hub` with a password of their own."""

    def __init__(self, hub, name):
        self.hub, self.name, self.password = hub, name, f"password of {name}"
        answer = self.log_in(name)
        answer.raise_for_status()
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"token {answer.json()['token']}"

    def log_in(self, name):
        """Log in as `name` with one's own password; returns requests' answer, with a token if it is accepted."""
        body = {"auth": {"username": name, "password": self.password}}
        return requests.post(f"{self.hub.address}/hub/api/users/{name}/tokens", json=body, timeout=CELL)

    def ask(self, method, path, owner=None, **options):
        """Ask the server of `owner`, by default one's own; returns requests' answer."""
        return self.session.request(method, f"{self.url(owner)}/api/{path}", timeout=CELL, **options)

    def url(self, owner=None):
        return f"{self.hub.address}/user/{owner or self.name}"

    def start_server(self):
        """Start the server and wait until it answers; RuntimeError if the hub gives it up."""
        user = f"{self.hub.address}/hub/api/users/{self.name}"
        deadline = time.monotonic() + CELL
        while (answer := self.session.post(f"{user}/server", timeout=CELL)).status_code in BUSY:
            if time.monotonic() > deadline:
                break
            time.sleep(2)
        if answer.status_code != BEGUN:
            answer.raise_for_status()
        while not (server := self.session.get(user, timeout=CELL).json()["servers"].get("", {})).get("ready"):
            if not server.get("pending"):
                raise RuntimeError(f"{self.name}'s server does not start")
            time.sleep(1)

    def open(self, name):
        """The learner's own copy of a notebook."""
        answer = self.ask("GET", f"contents/{name}.ipynb")
        answer.raise_for_status()
        return nbformat.from_dict(answer.json()["content"])

    def save(self, name, notebook):
        body = {"type": "notebook", "content": notebook}
        self.ask("PUT", f"contents/{name}.ipynb", json=body).raise_for_status()

    def run(self, name):
        """Open a notebook, run all its cells and save it; returns a Run, whose kernel is still there."""
        began = time.monotonic()
        notebook = self.open(name)
        assert not any(cell.outputs for cell in code_cells(notebook)), "the copy shows outputs before a cell is run"
        run = Run(self.name, name, Kernel(self, f"{name}.ipynb"))
        for number, (cell, original) in enumerate(zip(code_cells(notebook), code_cells(read(ORIGINALS[name]))), 1):
            cell.outputs, cell.execution_count = run.kernel.execute(cell.source), number
            if difference := differences(cell, original):
                run.problems.append(f"cell {number}: {difference}")
        run.seconds = time.monotonic() - began
        self.save(name, notebook)
        return run


@dataclass
class Run:
    """A notebook that a learner has run: how long it took, and in which cells it was not what the workbook stores."""

    learner: str
    notebook: str
    kernel: "Kernel"
    seconds: float = 0
    problems: list = field(default_factory=list)


def differences(cell, original):
    """What is different in a cell's outputs from the stored ones, or None."""
    got, stored = ([shown(output) for output in each.outputs] for each in (cell, original))
    if cell.source == original.source and got == stored:
        return None
    return f"{got!r} is not {stored!r}"


def shown(output):
    """An output as far as it is compared: what may differ replaced, without the lines of a traceback."""
    if output.output_type == "stream":
        return sanitized({"name": output.name, "text": WAITED.sub(r"\1", output.text)})
    return sanitized({key: value for key, value in output.items() if key not in ("traceback", "metadata")})


class Kernel:
    """A kernel of `learner` for the notebook `path`, as an open tab of a browser has one."""

    def __init__(self, learner, path):
        body = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        answer = learner.ask("POST", "sessions", json=body)
        answer.raise_for_status()
        self.id, self.session = answer.json()["kernel"]["id"], uuid.uuid4().hex
        address = learner.url().replace("http", "ws", 1)
        self.socket = create_connection(
            f"{address}/api/kernels/{self.id}/channels?session_id={self.session}",
            header={"Authorization": learner.session.headers["Authorization"]}, timeout=CELL,
        )  # fmt: skip

    def execute(self, source, kept=True):
        """Run code and wait for its end; returns its outputs, with the parts of each stream as one.

        What is not `kept` has no number and no place in the history.
        """
        message = self.send("execute_request", {
            "code": source, "silent": False, "store_history": kept, "allow_stdin": False, "stop_on_error": False,
        })  # fmt: skip
        outputs, idle, replied = [], False, False
        while not (idle and replied):
            got = json.loads(self.socket.recv())
            if got["parent_header"].get("msg_id") != message:
                continue
            kind, content = got["header"]["msg_type"], got["content"]
            if kind in ("stream", "display_data", "execute_result", "error"):
                add(outputs, nbformat.v4.output_from_msg(got))
            replied |= kind == "execute_reply"
            idle |= kind == "status" and content["execution_state"] == "idle"
        return outputs

    def send(self, kind, content):
        identity = uuid.uuid4().hex
        header = {"msg_id": identity, "msg_type": kind, "session": self.session, "username": "", "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self.socket.send(json.dumps(message))
        return identity


def add(outputs, output):
    """Add an output; text goes to what its stream has printed before, as where the stored outputs come from."""
    if output.output_type == "stream":
        for earlier in outputs:
            if earlier.output_type == "stream" and earlier.name == output.name:
                earlier.text += output.text
                return
    outputs.append(output)
