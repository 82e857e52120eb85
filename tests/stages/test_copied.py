"""A stage copied away has what it needs: on SQLite and in an environment of its own, copies.py tries it out."""
import ast
import re
import sys
from importlib.metadata import packages_distributions

import pytest

from workbook.commands import serving
from workbook.prove import copy_of
from workbook.stages import environment

# What no module imports by name: the driver in DATABASE_URL, what WTForms' Email() asks, and the server of production.
NOT_IMPORTED = {"psycopg[binary]", "email-validator", "waitress"}
COMES_WITH = {"alembic": "Flask-Migrate", "click": "Flask", "werkzeug": "Flask", "wtforms": "Flask-WTF"}


@pytest.mark.parametrize("database", ["postgresql"])
def test_a_copied_stage_upgrades_seeds_and_serves(stage, database):
    with copy_of(stage.name, database) as project:
        project.must("db", "upgrade")
        project.must("seed")
        with serving(project.folder, project.variables) as visit:
            assert "user20@example.com" in visit("/").html
            if (stage / "templates" / "models.html").exists():
                assert "churn" in visit("/models").html


def test_requirements_name_every_package_that_a_stage_needs_with_a_compatible_range(stage):
    lines = (stage / "requirements.txt").read_text("utf-8").splitlines()
    named = []
    for line in lines:
        if line and not line.startswith("#"):
            requirement = re.fullmatch(r"(\S+) ~= \d+\.\d+", line)
            assert requirement, f"{line}: write it as a compatible range, such as Flask ~= 3.1"
            named.append(requirement[1])
    own = {path.stem for path in [*stage.glob("*.py"), *stage.glob("tests/*.py")]}
    packages = set().union(*(imported(path) for path in stage.rglob("*.py"))) - own - sys.stdlib_module_names
    providers = packages_distributions()
    needed = {COMES_WITH.get(package) or providers.get(package, [package])[0] for package in packages}
    assert sorted(named) == sorted(needed | NOT_IMPORTED), "not the same: what is named and what is needed"


def imported(file):
    """The names of the packages that a Python file imports."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add(node.module.partition(".")[0])
    return names


def test_a_stages_own_tests_open_every_page_and_check_every_answer(stage, create_app):
    """They are run by copies.py; here it is made sure that there is something to run."""
    source = (stage / "tests" / "test_pages.py").read_text("utf-8")
    tests = [node for node in ast.parse(source).body if getattr(node, "name", "").startswith("test_")]
    checks = {test.name: [node for node in ast.walk(test) if isinstance(node, ast.Assert)] for test in tests}
    assert not [name for name, asserts in checks.items() if not asserts], "tests without an assert"
    assert not [test.name for test in tests if test.decorator_list], "marked: such a test may be left out"
    with environment(DATABASE_URL="sqlite://", MIGRATION_DATABASE_URL=None):
        pages = [rule for rule in create_app(stage).url_map.iter_rules() if rule.endpoint.startswith("pages.")]
    asked = set(re.findall(r'client\.(get|post)\("([^"]+)"', source))
    for page in pages:
        address = re.sub("<[^>]+>", "1", page.rule)
        method = "post" if "POST" in page.methods else "get"
        assert (method, address) in asked, f"no test of stages/{stage.name}/tests asks for {method.upper()} {page.rule}"
