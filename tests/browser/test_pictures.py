"""The pictures of the READMEs: screenshots, written by `tox -e browser -- --pictures` and never beside tests."""
import shutil
import sqlite3
from contextlib import closing
from io import BytesIO
from pathlib import Path

from browsing import LAST_STAGE
from lab import running_lab
from lab_window import open_lab, run_all, show_cell
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
        open_lab(page, lab.address.replace("00_start_here", "05_merge_conflict"))
        run_all(page, lab.work / "05_merge_conflict.ipynb")
        to_the_top(show_cell(page, "work.schema(before)", number=1))
        page.mouse.move(0, 0)
        write(page, "lab.png")


def to_the_top(cell):
    """Scroll until the cell stays at the top: what is shown above it grows while Lab draws it."""
    for _ in range(40):
        cell.evaluate("it => it.scrollIntoView({block: 'start'})")
        cell.page.wait_for_timeout(500)
        if 0 < cell.bounding_box()["y"] < 120:
            return
    raise AssertionError("Lab does not come to rest")


@LAST_STAGE
def test_the_models_of_the_last_stage(new_page, stage, serve, filled_file, tmp_path):
    file = shutil.copy(filled_file(stage), tmp_path / "app.db")
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE model_metadata SET created_at = '2026-03-02 09:00:00'")
    page = new_page(width=1280, height=560, base_url=serve(file))
    page.goto("/models")
    write(page, "models.png")
