"""One database lives through all stages: people use each stage's own pages, then the next stage is deployed.

The way back is walked as well, by each stage's own code and by the last one's.
"""
import re
from contextvars import Context

import pytest
from markupsafe import escape

from workbook.rows import RENAMED, changed_values, rows_of
from workbook.stages import downgrade, script_directory, stage_app, stage_folders, upgrade
from workbook.verify.walk import lost_values

# What people type at every stage into the fields of its forms; {} is the number of the stage.
USERS = [
    {"name": "Ada Okafor", "email": "Ada.{}@Example.com"},
    {"name": "Zoe\u0308 \u05e9\u05dc\u05d5\u05dd \U0001f469\u200d\U0001f4bb", "email": "zo\u00eb{}@example.com"},
    {"name": "\u017c" * 100, "email": "{:0>64}@" + "d" * 43 + ".example.com"},
]
MODELS = [
    {"model_name": "churn", "accuracy": "0", "version": "1.{}", "owner": "Ada.{}@Example.com", "notes": "two\nlines"},
    {"model_name": "Churn", "accuracy": "1e-300", "version": "", "owner": "", "notes": ""},
    {"model_name": "churn", "accuracy": "0.30000000000000004", "version": "v" * 20, "owner": "zo\u00eb{}@example.com"}
    | {"notes": "0123456789" * 1000},
    {"model_name": "\U0001f40d <m> & 'n'" + "m" * 80, "accuracy": "1", "version": "\u03b2", "owner": "", "notes": "x"},
]
# What the way back from a stage to the one before it loses, as the migrations say; nothing else may be lost.
LOST = {
    "02_created_at": {"users.created_at"},
    "03_ml_metadata": {"model_metadata"},
    "04_status_data_migration": {"model_metadata.status"},
    "05_merge_conflict": {"model_metadata.owner_id", "model_metadata.notes"},
    "06_expand": {"users.display_name"},  # it is in users.name
    "07_contract": set(),
}
# What an upgrade takes away: its values are under a new name (workbook.rows.RENAMED).
DROPPED = {"07_contract": {"users.name"}}
STAGES = stage_folders()
LISTS = {"users": "/", "model_metadata": "/models"}


def head(stage):
    return script_directory(stage).get_current_head()


def visit(function, *arguments):
    """Call `function` where no app context is active, so that each request gets one of its own, as on a server."""
    return Context().run(function, *arguments)


def submit(client, address, typed, number):
    """Fill in the form of a page as a person would: its own fields, its own token."""
    page = client.get(address).text
    fields = re.findall(r'<(?:input|select|textarea)\b[^>]*\bname="([^"]+)"', page)
    unknown = set(fields) - set(typed) - {"csrf_token"}
    assert not unknown, f"{address} has new fields: say in this test what people type into {', '.join(unknown)}."
    data = {name: typed[name].format(number) for name in fields if name != "csrf_token"}
    answer = client.post(address, data=data | {"csrf_token": token(page)})
    assert answer.status_code in (302, 303), f"{address} answers {answer.status_code} to {data}"
    return data


def token(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def use_pages(app, url, number):
    """Enter users and models through the pages that the stage has; each is stored as it was typed."""
    client = app.test_client()
    typed = {"users": [submit(client, "/add", user, number) for user in USERS]}
    if "model_metadata" in rows_of(url):
        typed["model_metadata"] = [submit(client, "/models/add", model, number) for model in MODELS]
    rows = rows_of(url)
    emails = {row["email"]: key for key, row in rows["users"].items()}
    for table, entries in typed.items():
        for entry, row in zip(entries, list(rows[table].values())[-len(entries) :], strict=True):
            if "owner" in entry:
                assert row["owner_id"] == emails.get(entry.pop("owner").lower())
            values = {name: row[name] if name in row else row[RENAMED[table][name]] for name in entry}
            assert values == {name: stored(name, text) for name, text in entry.items()}
    if "status" in rows.get("model_metadata", {}).get(1, {}):
        change_status(client, url)


def stored(name, text):
    if name == "accuracy":
        return float(text)
    if name in ("version", "notes"):
        return text or None
    return text.lower() if name == "email" else text


def change_status(client, url):
    """Change the oldest model to its other status: it changes, and nothing else does."""
    before = rows_of(url)
    old = before["model_metadata"][1]["status"]
    new = {"active": "archived", "archived": "active"}[old]
    data = {"status": new, "csrf_token": token(client.get("/models").text)}
    assert client.post("/models/1/status", data=data).status_code in (302, 303)
    assert changed_values(before, rows_of(url)) == [f"model_metadata 1: status was '{old}', is '{new}'"]


def look_at_pages(app, url):
    """Every text in the tables is on the lists."""
    client = app.test_client()
    for table, rows in rows_of(url).items():
        page = client.get(LISTS[table])
        assert page.status_code == 200, page.text
        texts = {value for row in rows.values() for value in row.values() if isinstance(value, str)}
        texts |= {row["created_at"].strftime("%Y-%m-%d %H:%M UTC") for row in rows.values() if "created_at" in row}
        assert not (gone := [text for text in texts if escape(text) not in page.text]), f"{LISTS[table]} lacks {gone}"


def lost(before, after):
    """The tables and columns (table.column) with rows in `before` that `after` has no more."""
    tables = before.keys() - after.keys()
    columns = {
        f"{table}.{name}"
        for table in before.keys() & after.keys()
        for key, row in before[table].items()
        for name in row.keys() - after[table].get(key, row).keys()
    }
    return tables | columns


@pytest.fixture
def carried(url):
    """The URL of a database that went through all stages, with what people entered at each."""
    for number, stage in enumerate(STAGES, 1):
        with stage_app(stage, url) as app:
            before = rows_of(url)
            upgrade(app)
            after = rows_of(url)
            assert lost(before, after) == DROPPED.get(stage.name, set())
            assert not (lines := lost_values(before, after)), lines
            visit(look_at_pages, app, url)
            visit(use_pages, app, url, number)
            visit(look_at_pages, app, url)
    return url


def test_a_database_is_carried_through_all_stages_and_back_by_each_stages_own_code(carried):
    users = {key: (row["display_name"], row["email"]) for key, row in rows_of(carried)["users"].items()}
    assert len(users) == len(USERS) * len(STAGES)
    for earlier, stage in reversed(list(zip(STAGES, STAGES[1:]))):
        before = rows_of(carried)
        with stage_app(stage, carried) as app:
            downgrade(app, head(earlier))
        after = rows_of(carried)
        assert stage.name in LOST, f"Name in LOST what the way back from {stage.name} loses, if anything."
        assert lost(before, after) == LOST[stage.name]
        assert not (lines := lost_values(before, after)), lines
        with stage_app(earlier, carried) as app:
            visit(look_at_pages, app, carried)
    assert rows_of(carried) == {"users": {key: {"id": key, "name": n, "email": e} for key, (n, e) in users.items()}}


def test_the_last_stages_code_takes_the_database_back_to_the_first_revision_and_forward_again(carried):
    first, before = head(STAGES[0]), rows_of(carried)
    with stage_app(STAGES[-1], carried) as app:
        downgrade(app, first)
        after = rows_of(carried)
        everything = set().union(*LOST.values())
        assert lost(before, after) == {name for name in everything if name.partition(".")[0] in after} | (
            before.keys() - after.keys()
        )
        assert not (lines := lost_values(before, after)), lines
        upgrade(app)
        assert not (lines := lost_values(after, rows_of(carried))), lines
        visit(look_at_pages, app, carried)
        visit(use_pages, app, carried, len(STAGES) + 1)
