"""Two versions of the app serve one database while people use it and the migrations run."""
from contextlib import ExitStack

import pytest
from migration_walk import lost_values

from workbook.commands import run
from workbook.rows import add_rows, rows_of
from workbook.schema import engine_of
from workbook.stages import stage_app, stage_folder, upgrade
from workbook.traffic import Person, people, serving

OLD, EXPAND, CONTRACT = map(stage_folder, ("05_merge_conflict", "06_expand", "07_contract"))
ROWS = 4500  # so that the backfill takes several batches
REQUESTS = 300  # a phase


def flask_db_upgrade(folder, url, revision):
    ended = run(["flask", "db", "upgrade", revision], folder, {"DATABASE_URL": url})
    assert ended.code == 0, ended.output


def test_deploy(url, database, tmp_path):
    with stage_app(OLD, url) as app:
        upgrade(app)
    add_rows(url)
    with engine_of(url).begin() as connection:
        connection.exec_driver_sql(
            f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {ROWS})"
            " INSERT INTO users (name, email) SELECT 'Person ' || n, 'row' || n || '@example.com' FROM n"
        )
    before = rows_of(url)
    with ExitStack() as servers, people(int(__import__("os").environ.get("N","4"))) as crowd:
        start = lambda folder: servers.enter_context(serving(folder, url, tmp_path / f"{folder.name}.log"))
        old = start(OLD)
        crowd.enter("05 at 0007", old)
        late = Person(crowd, 99)
        form = late.open("/add")
        crowd.wait_for(REQUESTS)

        def upgrade_to(folder, revision, name, server):
            phase = crowd.enter(name, server)
            crowd.wait_for(20)
            seen = phase.requests
            flask_db_upgrade(folder, url, revision)
            print("during", phase.requests - seen)
            crowd.wait_for(REQUESTS)

        upgrade_to(EXPAND, "0008", "05, upgrade to 0008", old)
        expand = start(EXPAND)
        crowd.enter("05 and 06 at 0008", old, expand)
        crowd.wait_for(REQUESTS)
        upgrade_to(EXPAND, "0009", "06, upgrade to 0009", expand)
        old.stop()
        contract = start(CONTRACT)
        crowd.enter("06 and 07 at 0009", expand, contract)
        crowd.wait_for(REQUESTS)
        upgrade_to(CONTRACT, "0010", "07, upgrade to 0010", contract)
        expand.stop()
        late.add_user(form, "Late", "late@example.com")
        late.leave()
    for p in crowd.phases:
        print(database, p.name, dict(p.answers), "again", p.again, "across", p.across, "failed", len(p.failed), p.failed[:3])
    print(crowd.lost(url)[:5], len(crowd.users), len(crowd.models))
    after = rows_of(url)
    print([l for l in lost_values(before, after) if not l.endswith("is new")])
    print(len(after["users"]) - len(before["users"]), len(after["model_metadata"]) - len(before["model_metadata"]))
