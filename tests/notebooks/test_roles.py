"""Roles that a notebook makes on the server: of its own, with passwords that count, and gone at its end."""
import subprocess
import sys

import pytest

from workbook import postgres
from workbook.roles import Administrator, refusals, tries
from workbook.workspace import Project, Refused, run_sql

PROGRAM = """
from workbook.roles import Administrator
from workbook.workspace import Project

admin = Administrator(Project(".", "postgresql"))
role = admin.new_name()
admin.sql(f"CREATE ROLE {role}", f"ALTER DATABASE {admin.database} OWNER TO {role}")
print(role)
"""


@pytest.fixture
def admin(tmp_path):
    admin = Administrator(Project(tmp_path, "postgresql"))
    yield admin
    admin.drop()


def there(role):
    with postgres.admin_connection() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM pg_roles WHERE rolname = %s", (role,)).scalar()


def test_a_role_needs_its_password_and_the_server_s_own_role_does_not(admin):
    role = admin.new_name()
    admin.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'right'")
    assert run_sql(admin.url_of(role, "right"), "SELECT current_user").rows == [(role,)]
    with pytest.raises(Refused, match="password authentication failed"):
        run_sql(admin.url_of(role, "wrong"), "SELECT 1")


def test_what_was_tried_is_rolled_back_and_shown_with_what_the_database_says(admin):
    admin.sql("CREATE TABLE things (id INTEGER)")
    statements = ["INSERT INTO things VALUES (1)", "SELECT * FROM nothing", "DROP TABLE things"]
    assert refusals(admin.url, *statements) == [None, 'relation "nothing" does not exist', None]
    assert [says for _, says in tries(admin.url, *statements).rows][::2] == ["allowed", "allowed"]
    assert run_sql(admin.url, "SELECT count(*) FROM things").rows == [(0,)]


def test_databases_and_roles_go_when_the_process_ends(tmp_path):
    ended = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, encoding="utf-8")
    role = ended.stdout.strip()
    assert ended.returncode == 0 and role.startswith("workbook_"), ended.stderr
    assert not there(role) and not ended.stderr


def test_roles_of_a_process_that_was_killed_go_with_its_session(monkeypatch):
    monkeypatch.setenv(postgres.SESSION_VARIABLE, "killed")
    role = postgres.new_name()
    run_sql(postgres.server_url(), f"CREATE ROLE {role}")
    postgres.drop_roles_of("killed")
    assert not there(role)
