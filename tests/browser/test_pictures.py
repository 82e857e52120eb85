"""The pictures of the READMEs: screenshots, written by `tox -e browser -- --pictures` and never beside tests."""
import shutil
import sqlite3
from contextlib import closing
from io import BytesIO
from pathlib import Path

from browsing import LAST_STAGE
from lab import running_lab
from lab_window import notebook_is_ready, open_from_files, run_all, show_cell
from PIL import Image

PICTURES = Path(__file__).with_name("pictures")
LARGEST = 200_000  # bytes
# The times of the files would differ from run to run; the names have more room without them.
NO_TIMES = {"@jupyterlab/filebrowser-extension/browser": '{"showLastModifiedColumn": false}'}


def write(page, name):
    """Write what the window shows as a picture of at most 256 colours."""
    colours = Image.open(BytesIO(page.screenshot())).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    file = PICTURES / name
    file.parent.mkdir(exist_ok=True)
    colours.save(file, optimize=True)
    assert file.stat().st_size < LARGEST, f"{name} is larger than {LARGEST} bytes: choose a smaller window"


def test_the_notebook_05_in_jupyterlab(new_page, tmp_path):
    with running_lab(tmp_path, NO_TIMES) as lab:
        page = new_page(width=1280, height=860)
        page.goto(lab.address)
        notebook_is_ready(page, "00_start_here.ipynb")
        open_from_files(page, "05_merge_conflict.ipynb")
        notebook_is_ready(page, "05_merge_conflict.ipynb")
        run_all(page, lab.work / "05_merge_conflict.ipynb")
        show_cell(page, "work.schema(before)")
        write(page, "lab.png")


@LAST_STAGE
def test_the_models_of_the_last_stage(new_page, stage, serve, filled_file, tmp_path):
    file = shutil.copy(filled_file(stage), tmp_path / "app.db")
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE model_metadata SET created_at = '2026-03-02 09:00:00'")
    page = new_page(width=1280, height=560, base_url=serve(file))
    page.goto("/models")
    write(page, "models.png")
