"""Add the digests of new migrations to published.json: from then on they never change.

    python tests/stages/publish.py

Databases out there have run a published migration. Editing it changes none of
them, but every new one: the two would differ from then on. So this command
adds what is new and refuses all else; a mistake is corrected by one more
migration.
"""
import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
STAGES = HERE.parents[1] / "stages"
PUBLISHED = HERE / "published.json"


def digests(stage):
    """{file name: sha256 of its text, with LF at the ends of lines} of the migrations in the folder `stage`."""
    files = sorted((stage / "migrations" / "versions").glob("*.py"))
    return {file.name: hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest() for file in files}


def stage_digests(folder=STAGES):
    """{stage: its digests}, in the order of the stages."""
    return {stage.name: digests(stage) for stage in sorted(folder.glob("[0-9][0-9]_*")) if stage.is_dir()}


def broken_promises(stages, known):
    """One line for each migration that a stage changed or dropped, though it is published or in an earlier stage."""
    lines, earlier = [], {}
    for stage, found in stages.items():
        for name, digest in found.items():
            if digest != known.get(name, earlier.get(name, digest)):
                lines.append(f"{stage}: {name} is changed. Restore it, and correct the schema in a new migration.")
        lines += [f"{stage}: {name} is missing. Restore it." for name in earlier if name not in found]
        earlier = found | earlier
    return lines + [f"{name} is in no stage any more. Restore it." for name in known if name not in earlier]


def unpublished(stages, known):
    """{file name: digest} of what is not published yet."""
    return {name: digest for found in stages.values() for name, digest in found.items() if name not in known}


def published(file=PUBLISHED):
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def main(folder=STAGES, file=PUBLISHED):
    stages, known = stage_digests(folder), published(file)
    if lines := broken_promises(stages, known):
        print("\n".join(lines))
        return 1
    new = unpublished(stages, known)
    file.write_text(json.dumps(dict(sorted((known | new).items())), indent=2) + "\n", encoding="utf-8", newline="\n")
    print(f"{len(new)} new, {len(known)} known" + "".join(f"\npublished: {name}" for name in new))
    return 0


if __name__ == "__main__":
    sys.exit(main())
