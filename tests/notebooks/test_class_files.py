"""What opens the workbook for a class: Binder, a dev container, a hub, and the CI of this repository.

Read here, and run as far as it goes in seconds; `tox -e class` starts the hub.
"""
import configparser
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from traitlets.config.loader import PyFileConfigLoader
from workflows import commands_of, jobs_in

from workbook.learn import main as learn
from workbook.learn import server
from workbook.notebook_files import code_cells, notebook_paths, read
from workbook.site.build import SITE
from workbook.stages import NOTEBOOKS, ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "verify.yml"
PUBLISH = ROOT / ".github" / "workflows" / "site.yml"
BINDER = ROOT / ".binder"
HUB = NOTEBOOKS / "workbook" / "hub"
POSIX = pytest.mark.skipif(os.name == "nt", reason="Binder and the hub run on Linux")


@pytest.fixture
def jobs():
    return jobs_in(WORKFLOW)


def supported_pythons():
    """["3.11", …]: what `tox -m matrix` has environments for."""
    tox = configparser.RawConfigParser()
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    numbers = re.search(r"py\{([\d,]+)\}", tox["tox"]["labels"])[1].split(",")
    return [f"{number[0]}.{number[1:]}" for number in numbers]


def test_ci_runs_everything_on_three_systems_with_each_python_that_is_supported(jobs):
    matrix = jobs["everything"]["strategy"]["matrix"]
    assert matrix["python"] == supported_pythons()
    assert {system.partition("-")[0] for system in matrix["system"]} == {"ubuntu", "macos", "windows"}
    assert ["tox"] in commands_of(jobs["everything"])
    assert ["tox", "-e", "copy"] in commands_of(jobs["copies"])
    assert ["tox", "-e", "class"] in commands_of(jobs["class"])


def test_the_site_is_published_only_if_its_tests_pass():
    jobs = jobs_in(PUBLISH)
    assert ["tox", "-e", "site", "--", "--check"] in commands_of(jobs["build"]) and jobs["publish"]["needs"] == "build"
    [path] = [step["with"]["path"] for step in jobs["build"]["steps"] if "pages-artifact" in step.get("uses", "")]
    assert ROOT / path == SITE


def test_ci_may_only_read_uses_no_secret_and_ends_by_itself(jobs):
    text = WORKFLOW.read_text("utf-8")
    assert re.findall(r"(?m)^permissions:\n(?:  .*\n)+", text) == ["permissions:\n  contents: read\n"]
    assert "secrets." not in text and "pull_request_target" not in text
    assert all(0 < job["timeout-minutes"] <= 60 and "permissions" not in job for job in jobs.values())


def test_ci_uses_each_action_at_one_commit_and_leaves_no_credentials_in_the_checkout(jobs):
    steps = [step for job in jobs.values() for step in job["steps"]]
    used = {step["uses"] for step in steps if "uses" in step}
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action) for action in used), used
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == len(jobs) and all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.fixture
def asked(monkeypatch):
    """What `python -m workbook.learn` would have started, one list of arguments a call."""
    asked = []
    monkeypatch.setattr("workbook.learn.copy_notebooks", lambda fresh: notebook_paths())
    monkeypatch.setattr("workbook.learn.postgres.server", contextlib.nullcontext)
    for way in ("open_lab", "become_lab"):
        monkeypatch.setattr(f"workbook.learn.{way}", lambda first, options: asked.append(server(first, options)))
    return asked


def test_the_dev_container_is_made_by_the_command_of_the_readme_and_shows_the_port_of_jupyterlab(asked):
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    line = re.search(r"```\n(.*-e learn)\n```", (ROOT / "README.md").read_text("utf-8"))[1]
    assert container["postCreateCommand"] == f"{line} --notest"
    assert container["postAttachCommand"] == f"{line.rpartition(' && ')[2]} -- --no-browser"
    learn(["--no-browser"])
    assert [f"--ServerApp.port={port}" for port in container["forwardPorts"]] == asked[0][1:2]
    assert re.search(r"/python:\d-(3\.\d+)-", container["image"])[1] in supported_pythons()


def test_binder_installs_the_locked_versions_on_a_python_that_is_supported():
    [needed] = re.findall(r"(?m)^-r (.+)$", (BINDER / "requirements.txt").read_text("utf-8"))
    assert (BINDER / needed).resolve() == ROOT / "requirements.txt"
    assert (BINDER / "runtime.txt").read_text("utf-8").strip().removeprefix("python-") in supported_pythons()


@POSIX
def test_binder_makes_the_learner_s_copies_and_starts_a_server_whose_kernels_find_the_workbook(tmp_path):
    for name in (".binder", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("work", "__pycache__"))
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    there = {"cwd": tmp_path, "env": {"PATH": path, "HOME": str(tmp_path / "home")}, "check": True}
    subprocess.run(["bash", tmp_path / ".binder" / "postBuild"], **there)
    copies = sorted((tmp_path / "notebooks" / "work").glob("*.ipynb"))
    assert [copy.name for copy in copies] == [path.name for path in notebook_paths()]
    assert not any(cell.outputs for copy in copies for cell in code_cells(read(copy)))
    code = "import workbook; print(workbook.__file__)"
    said = subprocess.run(["bash", tmp_path / ".binder" / "start", "python", "-c", code], **there, capture_output=True)
    assert said.stdout.decode().strip() == str(tmp_path / "notebooks" / "workbook" / "__init__.py")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub's configuration, with three people on its list."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "learners.txt").write_text("ann\n\nbo-2\nkim instructor\n", encoding="utf-8")
    return PyFileConfigLoader("jupyterhub_config.py", str(HUB)).load_config()


@POSIX
def test_who_is_on_the_list_may_log_in_and_only_an_instructor_may_stop_others(hub):
    assert hub.Authenticator.allowed_users == {"ann", "bo-2", "kim"}
    assert hub.Authenticator.admin_users == {"kim"}
    assert all(re.fullmatch(hub.Authenticator.username_pattern, name) for name in hub.Authenticator.allowed_users)
    assert not re.fullmatch(hub.Authenticator.username_pattern, "../root")


@POSIX
def test_the_hub_never_runs_a_server_as_a_user_that_it_has_not_made(hub, monkeypatch):
    run = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: run.append(command[0]))
    monkeypatch.setattr("grp.getgrnam", lambda name: SimpleNamespace(gr_mem=["ann"]))
    with pytest.raises(PermissionError, match="root is another user of this machine: choose another name in learners"):
        hub.Spawner.pre_spawn_hook(SimpleNamespace(user=SimpleNamespace(name="root")))
    assert run == ["groupadd"]
    hub.Spawner.pre_spawn_hook(SimpleNamespace(user=SimpleNamespace(name="ann")))
    assert run == ["groupadd", "groupadd", "useradd"]


@POSIX
def test_a_server_of_the_hub_is_told_what_the_configuration_names(hub, asked):
    python, start, checkout = hub.Spawner.cmd
    assert (python, start, checkout) == (sys.executable, str(HUB / "start.py"), str(ROOT))
    learn(["--hub", *hub.Spawner.args])
    assert asked == [["jupyterhub.singleuser", *hub.Spawner.args]]
    assert hub.Spawner.default_url == f"/lab/tree/{notebook_paths()[0].name}"


def test_the_service_of_the_hub_reads_this_configuration_in_the_folder_of_its_data():
    service = configparser.RawConfigParser()
    service.optionxform = str
    service.read(HUB / "workbook-hub.service", encoding="utf-8")
    program, option, config = service["Service"]["ExecStart"].split()
    assert program == "/opt/workbook/.venv/bin/jupyterhub" and option == "--config"
    assert config == f"/opt/workbook/{(HUB / 'jupyterhub_config.py').relative_to(ROOT).as_posix()}"
    assert service["Service"]["WorkingDirectory"] == f"/var/lib/{service['Service']['StateDirectory']}"
    assert service["Service"]["Environment"].startswith(f"PATH={os.path.dirname(program)}:".replace("\\", "/"))
