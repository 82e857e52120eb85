"""A copied stage on PostgreSQL, by its commands; on SQLite, and in an environment of its own, copies.py does it."""
import pytest

from workbook.commands import serving
from workbook.prove import copy_of


@pytest.mark.parametrize("database", ["postgresql"])
def test_a_copied_stage_upgrades_seeds_and_serves(stage, database):
    with copy_of(stage.name, database) as project:
        project.must("db", "upgrade")
        project.must("seed")
        with serving(project.folder, project.variables) as visit:
            assert "user20@example.com" in visit("/").html
            if (stage / "templates" / "models.html").exists():
                assert "churn" in visit("/models").html
