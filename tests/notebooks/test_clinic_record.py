"""Cases on call: what is dealt, what is said, and what is noted; test_progress.py tries what may happen to the file."""
import pytest

from workbook.clinic import CASES, case, on_call, record, summary
from workbook.record import file

EASY = "unknown_parent"


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_SCRATCH", str(tmp_path))


@pytest.fixture
def dealt(monkeypatch):
    """The names of the cases that `on_call` would deal; none is broken for it."""
    monkeypatch.setattr(record, "Call", lambda name, database: name)


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def test_a_call_from_the_first_look_to_the_summary(capsys):
    call = on_call(EASY)
    assert CASES[EASY].story in repr(call) and repr(call).endswith("call.done()")
    call.done()
    for _ in range(3):
        call.hint()
    summary()
    title = CASES[EASY].title
    assert lines(capsys) == [
        "[not yet] Alembic can't follow the scripts: '007'",
        *CASES[EASY].hints,
        "That was the last hint: call.solution() shows one way.",
        f"{title}: not solved yet, 2 hints",
        "0 of 9 cases on call are solved, 0 without the solution.",
        "6 are a pass.",
    ]
    script = "migrations/versions/0008_add_team_to_users.py"
    call.work.write(script, call.work.read(script).replace("007", "0007").replace("00007", "0007"))
    call.work.must("db", "upgrade")
    call.done()
    call.began -= 600  # it is done once more, ten minutes later: the time of the first solution counts
    call.done()
    summary()
    done = f"[done] Remember: {CASES[EASY].rule}"
    assert lines(capsys)[:3] == [done, done, f"{title}: solved in 1 min, 2 hints"]


def test_a_solution_that_was_shown_is_counted_by_itself(capsys):
    for name in record.names_on_call()[:6]:
        record.note(name, dealt=1, solved=1, seconds=125)
    summary()
    assert lines(capsys)[-3:] == [
        f"{CASES[record.names_on_call()[5]].title}: solved in 3 min",
        "6 of 9 cases on call are solved, 6 without the solution.",
        "Passed: 6 or more without the solution.",
    ]
    record.note(record.names_on_call()[5], shown=1, hints=1)
    summary()
    assert lines(capsys)[-3:] == [
        f"{CASES[record.names_on_call()[5]].title}: solved in 3 min, 1 hint, solution shown",
        "6 of 9 cases on call are solved, 5 without the solution.",
        "6 are a pass.",
    ]


def test_on_call_deals_what_is_not_solved_yet_and_only_cases_without_a_lesson(dealt):
    names = record.names_on_call()
    assert {on_call() for _ in range(200)} == set(names)
    assert all(CASES[name].lesson is None for name in names)
    for name in names[1:]:
        record.note(name, solved=1)
    assert {on_call() for _ in range(20)} == {names[0]}
    record.note(names[0], solved=1)
    assert len({on_call() for _ in range(200)}) > 1, "when all are solved, all are dealt again"
    assert {"orphans", "renamed_and_lost"}.isdisjoint({on_call(database="postgresql") for _ in range(200)})


def test_a_seed_deals_the_same_case_whatever_was_solved(dealt):
    first = on_call(seed=3)
    record.note(first, solved=1)
    assert on_call(seed=3) == first and len({on_call(seed=seed) for seed in range(30)}) > 1


@pytest.mark.parametrize(
    ("name", "database", "said"),
    [("lost", "sqlite", "There is no case 'lost'"), ("orphans", "postgresql", "is one of sqlite, not of postgresql")],
)
def test_a_case_that_there_is_not_is_said_in_one_line_and_not_noted(name, database, said):
    for deal in (case, on_call):
        with pytest.raises(ValueError, match=said):
            deal(name, database)
    assert not file().exists()


def test_a_case_of_another_version_of_the_workbook_stays_in_the_record_and_is_not_shown(capsys):
    record.note("of_last_year", dealt=1, solved=1, seconds=60)
    record.note("orphans", dealt=1)
    summary()
    assert record.read() == ({"of_last_year": {"dealt": 1, "solved": 1, "seconds": 60}, "orphans": {"dealt": 1}}, 0)
    assert lines(capsys)[0] == f"{CASES['orphans'].title}: not solved yet"
