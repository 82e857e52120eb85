"""The CI job that a copied stage brings with it: it is read, and its very commands are run, in their order."""
import shlex

import pytest
from projects import add_revision, copy_project
from workflows import commands_of, jobs_in

from workbook.commands import run

WORKFLOW = ".github/workflows/migrations.yml"
INSTALL = ["pip", "install", "-r", "requirements.txt"]  # this environment has them already
TESTS = ["pytest"]  # copies.py and test_own_tests.py run them


@pytest.fixture
def project(tmp_path):
    return copy_project(tmp_path / "app")


@pytest.fixture
def job(project):
    return jobs_in(project / WORKFLOW)["migrations"]


def test_the_job_runs_on_sqlite_and_on_its_own_postgresql_service(job):
    sqlite, postgresql = job["strategy"]["matrix"]["database"]
    assert job["env"] == dict.fromkeys(("DATABASE_URL", "TEST_DATABASE_URL"), "${{ matrix.database }}")
    service = job["services"]["postgres"]
    password, port = service["env"]["POSTGRES_PASSWORD"], service["ports"][0].partition(":")[0]
    assert sqlite == "sqlite:///ci.db"
    assert postgresql == f"postgresql://postgres:{password}@localhost:{port}/postgres"


def test_the_job_upgrades_checks_and_goes_down_and_up_again_with_rows(job):
    first, second, *flask = commands_of(job)
    assert (first, second) == (INSTALL, TESTS), "the tests need a database that is still empty"
    assert [" ".join(command) for command in flask] == [
        "flask db upgrade", "flask db check", "flask seed", "flask db downgrade", "flask db upgrade",
        "flask db downgrade base", "flask db upgrade", "flask db check",
    ]  # fmt: skip


def test_the_commands_of_the_job_succeed_on_a_copied_stage(project, job, url):
    for command in commands_of(job):
        if command not in (INSTALL, TESTS):
            ended = run(command, project, {"DATABASE_URL": url})
            assert ended.code == 0, f"{shlex.join(command)}\n{ended.output}"


def test_a_migration_that_fails_on_rows_ends_the_job_though_it_passes_on_empty_tables(project, job):
    add_revision(project, "strict", 'assert not op.get_bind().scalar(sa.text("SELECT count(*) FROM users"))')
    done = []
    for command in commands_of(job)[2:]:
        done.append(" ".join(command))
        if run(command, project, {"DATABASE_URL": "sqlite:///ci.db"}).code:
            break
    assert done == ["flask db upgrade", "flask db check", "flask seed", "flask db downgrade", "flask db upgrade"]
