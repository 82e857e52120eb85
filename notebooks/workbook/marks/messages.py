"""What `runs` and a judge say to each other: what to mark, and line by line what was found."""
import json
import os
import sys
from typing import NamedTuple

LONGEST = 2**20  # bytes of a line


class Asked(NamedTuple):
    """What a judge is to do: mark `notebook` (its text), which is one of `name`, in `scratch`; the limits in MiB."""

    token: str
    scratch: str
    name: str
    notebook: str
    memory: int
    disk: int

    def write(self, stream):
        stream.write(json.dumps(self._asdict()).encode())
        stream.close()

    @classmethod
    def read(cls, stream):
        return cls(**json.loads(stream.read()))


class Channel:
    """The judge's own output. What is printed from now on, here or by a command, goes nowhere."""

    def __init__(self):
        sys.stdout.flush()
        self.stream = os.fdopen(os.dup(1), "wb", buffering=0)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
        self.token, self.cell = "", "before the first cell"

    def tell(self, **found):
        """Say something: an `exercise`, its `state` and `words`; a `remark`; which `cell` begins; or it has `ended`."""
        self.cell = found.get("cell", self.cell)
        self.stream.write(f"{self.token} {json.dumps(found)}\n".encode())


def listen(stream, token):
    """Yield what a judge tells, each a dictionary; None for what somebody else has written there."""
    while line := stream.readline(LONGEST):
        told, _, rest = line.partition(b" ")
        try:
            yield json.loads(rest) if told == token.encode() else None
        except ValueError:
            yield None
