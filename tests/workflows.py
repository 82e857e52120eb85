"""CI jobs, read from their YAML: those of this repository, and the one that each stage brings."""
import shlex
from pathlib import Path

import yaml


def jobs_in(path):
    """{name: job} of a workflow's file."""
    return yaml.safe_load(Path(path).read_text("utf-8"))["jobs"]


def commands_of(job):
    """Each line of each `run:` of the job, as a list of words."""
    return [shlex.split(line) for step in job["steps"] if "run" in step for line in step["run"].splitlines()]
