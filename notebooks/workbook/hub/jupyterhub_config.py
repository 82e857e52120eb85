"""A JupyterHub for a class, on one Linux machine with systemd; notebooks/README.md says how to set it up.

It is read in the folder where the hub keeps its data. `learners.txt` is there: a name a line, and behind the name of
who may start and stop the others' servers the word `instructor`. Each learner becomes a user of the machine.
"""
import grp
import pwd
import subprocess
import sys
from pathlib import Path

HUB = Path(__file__).resolve().parent
WORKBOOK = HUB.parents[2]  # the checkout that each learner gets a clone of
GROUP = "learners"  # those users of the machine that the hub has made
IDLE = 2 * 60 * 60  # seconds

c = get_config()  # noqa: F821 - the hub provides it


def make_user(spawner):
    """Make the learner's user and home folder, if they are not there; never run as a user that the hub has not made."""
    name = spawner.user.name
    subprocess.run(["groupadd", "--force", GROUP], check=True)
    if name not in {user.pw_name for user in pwd.getpwall()}:
        home = ["--create-home", "--key", "HOME_MODE=0700", "--shell", "/bin/bash"]
        subprocess.run(["useradd", *home, "--groups", GROUP, name], check=True)
    if name not in grp.getgrnam(GROUP).gr_mem:
        raise PermissionError(f"{name} is another user of this machine: choose another name in learners.txt")


people = [line.split() for line in Path("learners.txt").read_text("utf-8").splitlines() if line.strip()]
c.Authenticator.allowed_users = {name for name, *_ in people}
c.Authenticator.admin_users = {name for name, *words in people if words == ["instructor"]}
c.Authenticator.username_pattern = "[a-z][a-z0-9-]{0,19}"  # as users of the machine may be called, and short in paths
c.JupyterHub.authenticator_class = "firstuseauthenticator.FirstUseAuthenticator"

# A web server with a certificate stands before it: this one sees passwords.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"

c.JupyterHub.spawner_class = "systemdspawner.SystemdSpawner"
c.Spawner.pre_spawn_hook = make_user
c.SystemdSpawner.isolate_tmp = True
c.SystemdSpawner.isolate_devices = True
c.Spawner.mem_limit = "2G"  # who needs more loses a process, not the class its machine

c.Spawner.cmd = [sys.executable, str(HUB / "start.py"), str(WORKBOOK)]
c.Spawner.args = [
    # Kernels behind files of the learner's own: whoever is on the machine can listen to a port.
    "--KernelManager.transport=ipc",
    f"--MappingKernelManager.cull_idle_timeout={IDLE}",
    "--MappingKernelManager.cull_connected=True",  # also behind a browser's tab that somebody has left open
]
c.Spawner.environment = {"PYTHONUTF8": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
c.Spawner.default_url = "/lab/tree/00_start_here.ipynb"
# Thirty learners who begin at the same minute, on two cores.
c.Spawner.start_timeout = c.Spawner.http_timeout = 300

c.JupyterHub.cleanup_servers = False  # when the hub is started again, learners go on where they are

c.JupyterHub.services = [
    {"name": "idle", "command": [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={IDLE}"]},
]
c.JupyterHub.load_roles = [
    {
        "name": "idle",
        "services": ["idle"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    },
]
