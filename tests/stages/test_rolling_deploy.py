"""users.name becomes users.display_name while people use the app: no request fails, and no row is lost.

Each version is served by waitress, as on a real server, two of them serve one database, and `flask db upgrade` runs
beside them. On PostgreSQL every request is answered. SQLite lets one connection write at a time: who comes while a
migration writes waits for it, 5 s at most (`timeout` in config.py). If that is not enough, the answer is 503 with
Retry-After, nothing is saved, and the request is sent again.
"""
import socket

import pytest
from rolling import Step, deploy

from workbook.rows import add_rows, rows_of
from workbook.schema import engine_of
from workbook.stages import script_directory, stage_app, stage_folder, upgrade
from workbook.traffic import FAILED, People, some_people
from workbook.verify.walk import lost_values

V05, V06, V07 = map(stage_folder, ("05_merge_conflict", "06_expand", "07_contract"))
DEPLOY = [
    Step("05 at 0007", (V05,)),
    Step("05 while 0008 comes", (V05,), V06, "0008"),
    Step("05 and 06 at 0008", (V05, V06)),
    Step("06 while 0009 comes", (V06,), V06, "0009"),
    Step("06 and 07 at 0009", (V06, V07)),
    Step("07 while 0010 comes", (V07,), V07, "0010"),
]
REQUESTS = 300  # in each step
ROWS = 4500  # in users before the deploy, so that the backfill takes several batches


@pytest.fixture
def tables(url):
    """The URL of a database at 0007, with rows."""
    with stage_app(V05, url) as app:
        upgrade(app)
    add_rows(url)
    return url


def add_many_users(url):
    numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS})"
    row = "'Person ' || n, 'person' || n || '@example.com'"
    with engine_of(url).begin() as connection:
        connection.exec_driver_sql(f"{numbers} INSERT INTO users (name, email) SELECT {row} FROM numbers")


def told(database, reports):
    text = "\n".join(f"{database}: {report}" for report in reports)
    print(text)
    return text


def test_a_column_is_renamed_while_two_versions_serve_and_nobody_notices(tables, database):
    batch = script_directory(V06).get_revision("0009").module.BATCH
    assert 3 * batch < ROWS, "The backfill takes too few batches to prove anything: raise ROWS."
    add_many_users(tables)
    before = rows_of(tables)
    reports = list(deploy(tables, DEPLOY, REQUESTS))
    text = told(database, reports)
    for report in reports:
        assert not report.upgraded or report.upgraded.code == 0, report.upgraded.output
        assert not report.failed, "\n".join([text, *report.failed])
        assert not report.again or database == "sqlite", f"Somebody had to wait for a migration:\n{text}"
        assert set(report.sent) == {folder.name[:2] for folder in report.step.served}, text
        assert min(report.sent.values()) >= REQUESTS / 3, f"One version got hardly any requests:\n{text}"
        assert report.across >= REQUESTS / 6 or len(report.sent) == 1, f"Too few forms met another version:\n{text}"
        assert report.meanwhile or not report.step.code, f"Nobody used the app during an upgrade:\n{text}"
        assert not report.lost, "\n".join([text, *report.lost])
    assert not [line for line in lost_values(before, rows_of(tables)) if not line.endswith(": the row is new")]


@pytest.mark.parametrize("version", [V05, V06], ids=["05", "06"])
def test_it_is_noticed_if_the_old_column_goes_while_a_version_that_needs_it_serves(tables, database, version):
    with stage_app(V07, tables) as app:
        upgrade(app, "0009")
    [report] = deploy(tables, [Step("too early: 0010", (version,), V07, "0010")], 0)
    told(database, [report])
    assert {line.partition(" ")[0] for line in report.failed} == {f"{version.name[:2]}:"}
    assert any("GET /: 503, Database and code do not match" in line for line in report.failed), report.failed
    assert not report.lost, report.lost


def test_it_is_noticed_if_a_row_is_missing_or_changed_or_there_twice(tables):
    add_user = "INSERT INTO users (name, email) VALUES ('Ada', '{}')"
    add_model = "INSERT INTO model_metadata (model_name, accuracy, status) VALUES ('{}', 0.5, '{}')"
    with engine_of(tables).begin() as connection:
        for email in ("ada@example.com", "changed@example.com"):
            connection.exec_driver_sql(add_user.format(email))
        for name, status in ("rare", "active"), ("changed", "archived"), ("twice", "active"), ("twice", "active"):
            connection.exec_driver_sql(add_model.format(name, status))
    people = People(0)
    people.users = {"ada@example.com": "Ada", "changed@example.com": "Zoë", "missing@example.com": "Mei"}
    people.models = dict.fromkeys(("rare", "changed", "twice", "missing"), ("active", None))
    lost = [line.partition(":")[0] for line in people.lost(tables)]
    assert lost == ["changed@example.com", "missing@example.com", "changed", "twice", "missing"]


def test_it_is_noticed_if_nobody_answers():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with some_people(1) as people:
        people.phase("a server that has been stopped", address, answers=3)
    assert all(one.outcome == FAILED and one.status == 0 for one in people.requests), people.requests
    assert "ConnectionRefusedError" in people.requests[0].said
