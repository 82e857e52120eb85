"""Migrations that are published stay as they are, in every stage and for ever."""
import pytest
from publish import broken_promises, main, published, stage_digests, unpublished


def test_published_migrations_never_change():
    assert not (lines := broken_promises(stage_digests(), published())), "\n".join(lines)


def test_every_migration_is_published():
    new = unpublished(stage_digests(), published())
    assert not new, f"Not published yet: {', '.join(new)}. When they are final: run tox -e publish"


@pytest.fixture
def published_copy(tmp_path):
    """A stage with one migration, and the list that has it."""
    versions = tmp_path / "01_one" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_make.py").write_bytes(b"first\nlines\n")
    assert main(tmp_path, tmp_path / "list.json") == 0
    return versions, tmp_path / "list.json"


def test_publishing_adds_new_files_and_ignores_how_lines_end(published_copy, tmp_path):
    versions, file = published_copy
    (versions / "0001_make.py").write_bytes(b"first\r\nlines\r\n")
    (versions / "0002_more.py").write_bytes(b"second")
    assert list(unpublished(stage_digests(tmp_path), published(file))) == ["0002_more.py"]
    assert main(tmp_path, file) == 0
    assert list(published(file)) == ["0001_make.py", "0002_more.py"]


def test_publishing_refuses_a_changed_and_a_dropped_file(published_copy, tmp_path, capsys):
    versions, file = published_copy
    before = file.read_bytes()
    (versions / "0001_make.py").write_bytes(b"other\nlines\n")
    assert main(tmp_path, file) == 1
    assert "01_one: 0001_make.py is changed" in capsys.readouterr().out
    (versions / "0001_make.py").unlink()
    assert main(tmp_path, file) == 1
    assert capsys.readouterr().out == "0001_make.py is in no stage any more. Restore it.\n"
    assert file.read_bytes() == before


def test_publishing_refuses_what_an_earlier_stage_has_and_a_later_one_changed_or_lacks(published_copy, tmp_path):
    versions, file = published_copy
    (versions / "0002_more.py").write_bytes(b"second")
    later = tmp_path / "02_two" / "migrations" / "versions"
    later.mkdir(parents=True)
    (later / "0001_make.py").write_bytes(b"first\nlines\n")
    assert broken_promises(stage_digests(tmp_path), published(file)) == ["02_two: 0002_more.py is missing. Restore it."]
    (later / "0002_more.py").write_bytes(b"another")
    lines = broken_promises(stage_digests(tmp_path), published(file))
    assert len(lines) == 1 and lines[0].startswith("02_two: 0002_more.py is changed.")
