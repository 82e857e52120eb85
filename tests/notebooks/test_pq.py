"""psycopg without libpq, as a browser tab has it, finds on a real server what psycopg finds with libpq."""
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from side_by_side import all_checks
from side_by_side.alone import EXPECTED

from workbook import postgres


def side(name, url):
    command = [sys.executable, "-m", "side_by_side", name, url]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def sides():
    """What both sides found: the one with libpq, and the one with the stand-in for it."""
    url = postgres.create_database()
    with ThreadPoolExecutor() as both:
        yield list(both.map(side, ("libpq", "stand_in"), (url, url)))
    postgres.drop_database(url)


def test_one_side_has_libpq_and_the_other_has_the_stand_in(sides):
    assert "workbook" not in sides[0]["pq"] and sides[1]["pq"] == "workbook.tab.connection"


@pytest.mark.parametrize("check", all_checks())
def test_both_find_the_same(check, sides):
    with_libpq, without = (found[check] for found in sides)
    for name, found in (("with libpq", with_libpq), ("with the stand-in", without)):
        assert isinstance(found, list), f"{name}: {found['raised']}"
    assert without == with_libpq and with_libpq


@pytest.mark.parametrize("check", EXPECTED)
def test_the_stand_in_alone_finds_what_it_has_to(check, sides):
    found = sides[1][check]
    assert isinstance(found, list), found["raised"]
    assert found == [repr(each) for each in EXPECTED[check]]
