"""`tox -e refresh`: run the notebooks and store their outputs.

    python -m workbook.refresh [NAME …]

Without names, all notebooks. An output that differs only by what sanitize.cfg
allows keeps its bytes, so a second run changes no file.
"""
import sys
import tempfile

from nbclient.exceptions import CellExecutionError

from workbook import postgres
from workbook.notebook_files import keep_equal_outputs, notebook_paths, read, run_all, scratch_in, write


def main(names):
    paths = [path for path in notebook_paths() if not names or path.stem in names]
    unknown = set(names) - {path.stem for path in paths}
    if unknown:
        print(f"No such notebook: {', '.join(sorted(unknown))}")
        return 1
    failed = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch, postgres.server():
        scratch_in(scratch)
        for path in paths:
            try:
                notebook = keep_equal_outputs(run_all(read(path)), read(path))
            except CellExecutionError as error:
                failed += 1
                print(f"{path.stem}: stopped, nothing stored. {error}")
                continue
            before = path.read_bytes()
            write(notebook, path)
            print(f"{path.stem}: {'unchanged' if path.read_bytes() == before else 'outputs stored'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
