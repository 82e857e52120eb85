"""What learners must not share by accident, and cannot reach on purpose unless they are one user of the machine."""
import json
from itertools import combinations

# Run in a learner's kernel after a notebook: what that kernel uses, as lists of texts.
WITNESS = """
import json, os, psutil
from workbook import postgres, workspace
with postgres.admin_connection() as connection:
    place = connection.exec_driver_sql("SHOW data_directory").scalar()
    names = connection.exec_driver_sql("SELECT datname FROM pg_database WHERE datname LIKE 'workbook%%'").scalars()
    databases = [f"{place}/{name}" for name in names]
family = [psutil.Process(), *psutil.Process().children(recursive=True)]
ports = [each.laddr.port for each in family[0].net_connections() if each.status == "LISTEN"]
print(json.dumps({
    "home": [os.path.expanduser("~")], "scratch folder": [str(folder) for folder in workspace.locks],
    "server": [place], "database": databases, "port": ports, "process": [process.pid for process in family],
    "url": [postgres.server_url()],
}))
"""
KINDS = ["files", "database", "process", "environment of a process"]
# Run in a learner's kernel with what another one's uses as `other`: which of these kinds can be reached.
REACH = """
import json, os
from pathlib import Path
from sqlalchemy.exc import OperationalError
from workbook import postgres
other = json.loads({other!r})
def connect():
    with postgres.admin_connection(other["url"][0]):
        pass
def reached(attempt):
    try:
        attempt()
        return True
    except (OSError, OperationalError):
        return False
attempts = {{
    "files": lambda: os.listdir(other["home"][0]),
    "database": connect,
    "process": lambda: os.kill(other["process"][0], 0),
    "environment of a process": lambda: Path(f"/proc/{{other['process'][0]}}/environ").read_bytes(),
}}
print(json.dumps([name for name, attempt in attempts.items() if reached(attempt)]))
"""


def told(kernel, code):
    """What `code`, run in that kernel, prints as JSON; RuntimeError with its output if that is something else."""
    outputs = kernel.execute(code, kept=False)
    try:
        return json.loads("".join(output.get("text", "") for output in outputs))
    except ValueError:
        said = [output.get("evalue", output.get("text")) for output in outputs]
        raise RuntimeError(f"the kernel says {said}") from None


def shared(witnesses):
    """A line for each thing that two learners both use; `witnesses` is {learner: what WITNESS has told}."""
    for (one, its), (other, others) in combinations(witnesses.items(), 2):
        for kind in its:
            yield from (f"{one} and {other} share the {kind} {each}" for each in set(its[kind]) & set(others[kind]))


def opened(learner, other):
    """A line for each thing of `other` that `learner`'s browser can open, or see among its own files."""
    for path in ("contents", "kernels", "contents/00_start_here.ipynb"):
        answer = learner.ask("GET", path, owner=other.name, allow_redirects=False)
        if answer.status_code not in (403, 404):
            yield f"{learner.name} asks {other.name}'s server for {path} and is answered {answer.status_code}"
    if learner.log_in(other.name).status_code != 403:
        yield f"{learner.name} logs in as {other.name}"
    mine = f"only for {learner.name}.txt"
    body = {"type": "file", "format": "text", "content": learner.name}
    learner.ask("PUT", f"contents/{mine}", json=body).raise_for_status()
    if mine in {each["name"] for each in other.ask("GET", "contents").json()["content"]}:
        yield f"{other.name} sees the file of {learner.name}"


def reached(kernel, other):
    """The kinds of things of another learner that `kernel` can reach if it tries; `other` is what WITNESS told."""
    return told(kernel, REACH.format(other=json.dumps(other)))
