"""Copy what all stages share into each stage, or check that the copies are true.

    python shared_templates/sync.py            write the copies
    python shared_templates/sync.py --check    change nothing; exit 1 if a copy differs

A stage is copied away as one folder, so it holds everything it needs; what is
the same in all of them is edited here, in shared_templates, and nowhere else.
A folder here that is called from_06 is for stage 06 and all later ones.
"""
import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
STAGES = HERE.parent / "stages"
TARGETS = {"app": ".", "web": ".", "migrations": "migrations"}  # folder here: folder in a stage
SKIPPED = {"__pycache__", ".pytest_cache"}


def shared_files(stage, here=HERE):
    """{path in the stage of that name: bytes} of every file it shares; paths are POSIX and relative."""
    later = [folder.name for folder in sorted(here.glob("from_*")) if stage[:2] >= folder.name[-2:]]
    files = {}
    for folder, target in (TARGETS | dict.fromkeys(later, ".")).items():
        for source in sorted((here / folder).rglob("*")):
            if source.is_file() and not SKIPPED.intersection(source.parts):
                name = (Path(target) / source.relative_to(here / folder)).as_posix()
                files[name.removesuffix(".mako") if name.endswith(".ini.mako") else name] = source.read_bytes()
    return files


def stages(folder=STAGES):
    """The stages' folders in their order, found by name."""
    return sorted(path for path in folder.glob("[0-9][0-9]_*") if path.is_dir())


def differences(stage, files):
    """The names of `files` that are missing in the folder `stage` or have other bytes there."""
    return [name for name, data in files.items() if not same(stage / name, data)]


def same(path, data):
    return path.is_file() and path.read_bytes() == data


def main(arguments=None, folder=STAGES):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a copy differs")
    check = parser.parse_args(arguments).check
    found = 0
    for stage in stages(folder):
        files = shared_files(stage.name)
        for name in differences(stage, files):
            found += 1
            print(f"{'differs' if check else 'written'}: stages/{stage.name}/{name}")
            if not check:
                target = stage / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(files[name])
    if check and found:
        print("Shared files are edited in shared_templates; then run: tox -e sync")
        return 1
    state = "now the same" if found else "all the same"
    print(f"shared files of {len(stages(folder))} stages: {state}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
