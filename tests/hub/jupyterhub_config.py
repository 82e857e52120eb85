"""The hub of notebooks/workbook/hub, started by a test: other ports, other folders, and no systemd.

By default all learners are one user of this machine, each with a home folder in the test's. With real users, which
root alone can make, what separates them is tried as well: everything but systemd's own limits and /tmp.
"""
import json
import os
import sys
from pathlib import Path

test = json.loads(os.environ["WORKBOOK_HUB"])
load_subconfig(test["config"])  # noqa: F821 - the hub provides it, and `c`
c = get_config()  # noqa: F821

c.JupyterHub.bind_url = f"http://127.0.0.1:{test['port']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{test['hub_port']}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{test['proxy_port']}"
c.ConfigurableHTTPProxy.command = [str(Path(sys.executable).with_name("configurable-http-proxy"))]
c.JupyterHub.cleanup_servers = True  # nothing of the test goes on after it
c.LocalProcessSpawner.interrupt_timeout = 1
c.Spawner.cmd = [*c.Spawner.cmd[:-1], test["checkout"]]


def make_folders(spawner):
    for folder in ("tmp", ".cache"):
        Path(test["homes"], spawner.user.name, folder).mkdir(parents=True, exist_ok=True)


if test["users"]:
    c.JupyterHub.spawner_class = "localprocess"
else:
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = test["homes"] + "/{username}"
    c.Spawner.pre_spawn_hook = make_folders
    # systemd gives each learner a /tmp of their own
    c.Spawner.environment |= {"TMPDIR": lambda spawner: f"{test['homes']}/{spawner.user.name}/tmp"}
    if os.geteuid() == 0:
        c.Spawner.args += ["--allow-root"]
