"""What a learner's server on the hub begins with: the newest workbook, then `tox -e learn`'s copies and PostgreSQL.

    python start.py CHECKOUT [option of jupyterhub-singleuser …]

The learner's clone of CHECKOUT is the folder `workbook` at home. nbgitpuller updates it and keeps what the learner has
changed; a file that was deleted comes back, which is how a clone is repaired.
"""
import os
import subprocess
import sys
from pathlib import Path

CLONE = Path.home() / "workbook"


def main(checkout, *options):
    pull(checkout)
    notebooks = CLONE / "notebooks"
    if not notebooks.is_dir():
        sys.exit(f"There is no workbook in {CLONE}: see the lines above.")
    os.chdir(notebooks)
    os.environ["PYTHONPATH"] = str(notebooks)
    command = [sys.executable, "-m", "workbook.learn", "--hub", *options]
    os.execv(sys.executable, command)


def pull(checkout):
    """Bring the clone to what the checkout has; if that fails, the lesson goes on with what is there."""
    command = [Path(sys.executable).with_name("gitpuller"), Path(checkout).as_uri(), "", CLONE]
    subprocess.run(command, env=os.environ | {"GIT_CONFIG_GLOBAL": str(Path(__file__).with_name("gitconfig"))})


if __name__ == "__main__":
    main(*sys.argv[1:])
