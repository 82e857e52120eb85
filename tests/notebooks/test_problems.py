"""The problems that people have with migrations: each is met in a notebook, with its evidence in a stored output.

What stands in a text proves nothing; a stored output is compared with a real
run by nbval.
"""
import re

import pytest

from workbook.notebook_files import code_cells, notebook_paths, read, shown_by
from workbook.stages import NOTEBOOKS

PROBLEMS = [
    ("app does not import", "00_start_here", ["No such command 'db'", "No module named 'flask_migrat'"]),
    ("unapplied script", "01_initial", ["Target database is not up to date."]),
    ("models not imported", "01_initial", ["No changes in schema detected.", "Detected added table 'tags'"]),
    ("init in a project that has migrations", "01_initial", ["Directory migrations already exists and is not empty"]),
    (
        "NOT NULL column on a table with rows",
        "02_created_at",
        ["Cannot add a NOT NULL column with default value NULL", 'relation "users" contains null values'],
    ),
    (
        "default= against server_default=",
        "02_created_at",
        ["NOT NULL constraint failed: users.created_at", "Ravi Import"],
    ),
    (
        "default in the words of one database",
        "02_created_at",
        ["unknown function: now()", "Cannot add a column with non-constant default"],
    ),
    ("what a downgrade cannot bring back", "02_created_at", ["joined_in_2019"]),
    (
        "rename seen as drop and add",
        "03_ml_metadata",
        ["Detected removed column 'model_metadata.version'", "des ventes  NULL", "[None, '1.0', '1.0', '1.0']"],
    ),
    ("a step back that is taken for an option", "03_ml_metadata", ["No such option '-1'"]),
    ("CHECK on a table that exists", "03_ml_metadata", ["No changes in schema detected.", "rows changed: 1"]),
    ("rows that break a new rule", "03_ml_metadata", ["CHECK constraint failed: ck_model_metadata_version_not_empty"]),
    ("the same difference on every run", "03_ml_metadata", ["New upgrade operations detected"] * 2),
    (
        "NOT NULL column whose values are in the data",
        "04_status_data_migration",
        ["Cannot add a NOT NULL column with default value NULL"],
    ),
    (
        "changed server default",
        "04_status_data_migration",
        ["No changes in schema detected.", "detected server default on column 'model_metadata.status'"],
    ),
    ("unnamed constraint", "04_status_data_migration", ["ValueError: Constraint must have a name"]),
    ("batch off", "04_status_data_migration", ["No support for ALTER of constraints in SQLite dialect"]),
    (
        "a data migration that imports the app's models",
        "04_status_data_migration",
        ["no such column: model_metadata.framework"],
    ),
    ("an UPDATE that finds no row", "04_status_data_migration", ["rows changed: 0"]),
    ("a loop beside one statement", "04_status_data_migration", ["more than twice the time and more than twice"]),
    (
        "two heads",
        "05_merge_conflict",
        [
            "Multiple head revisions are present for given argument 'head'",
            "Target database is not up to date.",
            "Multiple heads are present; please specify the head revision",
        ],
    ),
    (
        "switching git branches under a database",
        "05_merge_conflict",
        ["Can't locate revision identified by '0006a'", "the database is here, but no script has this id"],
    ),
    (
        "both branches add the same column",
        "05_merge_conflict",
        ["OperationalError: duplicate column name: tags", "sqlite3.OperationalError: duplicate column name: region"],
    ),
    ("downgrade past a merge", "05_merge_conflict", ["Ambiguous walk"]),
    (
        "a rename in one step while the app runs",
        "06_expand",
        ["Database and code do not match", "The database is at revision 0008x, this code expects revision 0007."],
    ),
    ("a deploy before its upgrade", "06_expand", ["new app before the upgrade  all    none      all"]),
    (
        "one big UPDATE while others write",
        "06_expand",
        ["more than four times as long", "waited for more than half of the time that the UPDATE took"],
    ),
    ("a backfill that is killed half-way", "06_expand", ["the database is at 0008", "2000    2000", "Corrected"]),
    (
        "a script that commits and does not say that it may begin again",
        "06_expand",
        ["canceling statement due to lock timeout", "so the script cannot simply run again"],
    ),
    ("OFFSET over rows that change", "06_expand", ["1      2000  1001"]),
    (
        "rows that come between the backfill and NOT NULL",
        "07_contract",
        ['column "display_name" of relation "users" contains null values'],
    ),
    (
        "NOT NULL on a table that is in use",
        "07_contract",
        ["AccessExclusiveLock  readers and writers", 'verifying table "users"', "sufficient to prove"],
    ),
    (
        "a column dropped while an app uses it",
        "07_contract",
        ["This code does not know that revision: deploy the newer code.", "app 06 at 0010   all    none      all"],
    ),
    ("a form that outlives a deploy", "07_contract", ["This field is required."]),
    (
        "a view that uses the column",
        "07_contract",
        ["cannot drop column name of table users because other objects depend on it", "goes on from there"],
    ),
    (
        "default in the words of SQLite",
        "08_postgresql",
        ['column "is_public" is of type boolean but default expression is of type integer'],
    ),
    (
        "values that only SQLite stores",
        "08_postgresql",
        ["value too long for type character varying(100)", 'invalid input syntax for type integer: "five"'],
    ),
    ("a table called user", "08_postgresql", ["it_is_the_role", 'syntax error at or near "user"']),
    (
        "sequences after the rows were moved",
        "08_postgresql",
        ["A user with this email is already there.", 'duplicate key value violates unique constraint "pk_users"'],
    ),
    (
        "an upgrade that hangs",
        "08_postgresql",
        [
            "a reader waited for more than a second: True",
            "canceling statement due to lock timeout",
            "Tables are in use by another session; waiting for it to end.",
        ],
    ),
    (
        "a foreign key that stops writers",
        "08_postgresql",
        ["The writer waited in steps less than half as long.", "ShareUpdateExclusiveLock  neither readers nor writers"],
    ),
    (
        "enum types on PostgreSQL",
        "08_postgresql",
        [
            'type "stage" does not exist',
            'type "run_state" already exists',
            "No changes in schema detected.",
            'unsafe use of new value "retired" of enum type stage',
        ],
    ),
    (
        "type change on PostgreSQL",
        "08_postgresql",
        [
            'column "version" cannot be cast automatically to type integer',
            'invalid input syntax for type integer: "beta"',
        ],
    ),
    (
        "an index that is left invalid",
        "08_postgresql",
        ['could not create unique index "ix_model_metadata_model_name"', "ix_model_metadata_model_name  False"],
    ),
    (
        "several deploys at once",
        "09_production",
        [
            "Another `flask db` command is running on this database; waiting for it to end.",
            "Another `flask db` command is running on this database; waiting for it to end.",
            "exit code 0",
            "exit code 0",
            "exit code 0",
            "0012 was applied 1 time",
        ],
    ),
    (
        "a password with % or @",
        "09_production",
        [
            "host:     home@db.example.com",
            "postgresql://reader:***@home@db.example.com/shop",
            "DATABASE_URL: a password's @ : / ? # % must be written as %40 %3A %2F %3F %23 %25.",
            'password authentication failed for user "reader"',
            "p%2540ss%40home",
            "postgresql+psycopg://reader:***@db.example.com/shop",
        ],
    ),
    (
        "a new table that the app may not use",
        "09_production",
        ["permission denied for table alembic_version", "must be owner of table users", "permission denied for schema"],
    ),
    (
        "an upgrade that succeeds and destroys values",
        "09_production",
        [
            "value too long for type character varying(40)",
            "notes: 5 values differ",
            "No new upgrade operations detected.",
            "Restored from before-0011.dump: revision 0010, model_metadata 21 rows, users 20 rows",
            "customers except minors.",
            "changed values: []",
        ],
    ),
    ("a password in git", "09_production", ["DATABASE_URL=postgresql://reader:summer2026@db.example.com/shop"]),
    (
        "revision file lost",
        "10_repair_clinic",
        ["Can't locate revision identified by '0008'", "column framework only in this database", "torch      2"],
    ),
    ("database stamped wrong", "10_repair_clinic", ["0007 (head)", "no such column: owner_id", "GET /models: 500"]),
    ("tables made by create_all", "10_repair_clinic", ["OperationalError: table users already exists"] * 3),
    (
        "models not imported while the tables exist",
        "10_repair_clinic",
        ["Detected removed table 'reports'", "op.drop_table('reports')"],
    ),
    (
        "an applied script that was edited",
        "10_repair_clinic",
        ["No new upgrade operations detected.", "Detected added column 'users.office'", 'no such column: "office"'],
    ),
    ("database ahead of the code", "10_repair_clinic", ["we put release-1 back", "Can't locate revision"]),
    ("two heads, each applied on a server", "10_repair_clinic", ["Multiple head revisions are present"]),
    (
        "squashing a long history",
        "10_repair_clinic",
        [
            "<base> -> 0001, create users",
            "<base> -> 0005 (branchpoint), everything up to here",
            "The tables are those of a new database that the scripts make.",
            "Can't locate revision identified by '0004'",
        ],
    ),
    (
        "failed upgrade stuck half-way",
        "11_repair_upgrades",
        ['(sqlite3.OperationalError) near "ALTER"', "(sqlite3.OperationalError) duplicate column name: region"],
    ),
    (
        "leftover of a failed batch",
        "11_repair_upgrades",
        [
            "NOT NULL constraint failed: _alembic_tmp_model_metadata.source",
            "table _alembic_tmp_model_metadata already exists",
        ],
    ),
    ("child rows gone after a batch", "11_repair_upgrades", ["reviews before: 4", "(exit code 0)", "reviews now: 0"]),
    (
        "another env.py in a project that is in use",
        "11_repair_upgrades",
        ["Directory migrations already exists and is not empty", "Detected removed table 'audit_log'"],
    ),
    (
        "duplicates before a unique constraint",
        "11_repair_upgrades",
        ["UNIQUE constraint failed: _alembic_tmp_users.email", 'could not create unique index "uq_users_email"'],
    ),
    (
        "NULLs before NOT NULL, in production",
        "11_repair_upgrades",
        ["NOT NULL constraint failed: _alembic_tmp_model_metadata.version"],
    ),
    ("value too long for a new type", "11_repair_upgrades", ["value too long for type character varying(30)"]),
    (
        "column added by hand",
        "11_repair_upgrades",
        ["Detected removed column 'model_metadata.region'", "OperationalError: duplicate column name: region"],
    ),
    (
        "index dropped by hand",
        "11_repair_upgrades",
        ["Detected added index 'ix_model_metadata_owner_id'", "no such index: ix_model_metadata_owner_id"],
    ),
    ("custom type in a script", "11_repair_upgrades", ["name 'models' is not defined"]),
    (
        "silent loggers after an upgrade in a process",
        "11_repair_upgrades",
        ["nightly: it begins", "nightly: it begins", "nightly: it is done, models: 2"],
    ),
]


@pytest.mark.parametrize("problem, notebook, evidence", PROBLEMS, ids=[problem for problem, _, _ in PROBLEMS])
def test_a_problem_is_met_with_its_evidence_in_a_stored_output(problem, notebook, evidence):
    said = shown_by(code_cells(read(NOTEBOOKS / f"{notebook}.ipynb")))
    missing = [text for text in evidence if said.count(text) < evidence.count(text)]
    assert not missing, f"{notebook} no longer shows {missing}: show the failure in a cell, not only in the text"


def test_each_symptom_in_a_notebook_belongs_to_a_problem_of_this_list():
    for path in notebook_paths():
        listed = "\n".join(text for _, notebook, evidence in PROBLEMS for text in evidence if notebook == path.stem)
        for cell in read(path).cells:
            for symptom in re.findall(r"\*\*Symptom:\*\*.*", cell.source):
                found = [quote for quote in re.findall("`(.+?)`", symptom) if quote in listed]
                assert found, f"add to PROBLEMS, with its evidence, what {path.stem} says: {symptom}"
