"""The problems that people have with migrations: which notebook explains the text of an error."""
import re
from typing import NamedTuple


class Symptom(NamedTuple):
    """A problem that people have with migrations, and where it is met.

    `evidence` are texts of the stored outputs of `notebook`, each as often as it is shown there. `pattern` is a
    regular expression for what a learner pastes; it finds one of them. Without one, nothing is said, only seen.
    `promised` is the number of the problem among the 32 that the workbook is to show; the others came on the way.
    """

    problem: str
    notebook: str
    evidence: tuple
    pattern: str = ""
    promised: int | None = None

    @property
    def text(self):
        """The first of the texts that the pattern finds; None without a pattern."""
        return next((each for each in self.evidence if self.pattern and self.finds(each)), None)

    def finds(self, text):
        """Whether the text of an error, with whatever names, speaks of this problem."""
        return bool(self.pattern and re.search(self.pattern, " ".join(text.split()), re.IGNORECASE))


SYMPTOMS = [
    Symptom(
        "The app does not import",
        "00_start_here",
        ("No such command 'db'", "No module named 'flask_migrat'"),
        r"No such command 'db'|No module named",
        promised=16,
    ),
    Symptom(
        "A script is not applied yet",
        "01_initial",
        ("Target database is not up to date.",),
        r"Target database is not up to date",
        promised=1,
    ),
    Symptom(
        "The models are not imported, or nothing has changed",
        "01_initial",
        ("No changes in schema detected.", "Detected added table 'tags'"),
        r"No changes in schema detected",
        promised=3,
    ),
    Symptom(
        "`flask db init` in a project that has migrations",
        "01_initial",
        ("Directory migrations already exists and is not empty",),
        r"Directory \S+ already exists and is not empty",
        promised=17,
    ),
    Symptom(
        "A NOT NULL column on a table with rows",
        "02_created_at",
        ("Cannot add a NOT NULL column with default value NULL", 'relation "users" contains null values'),
        r"Cannot add a NOT NULL column with default value NULL|column \S+ of relation \S+ contains null values",
        promised=6,
    ),
    Symptom(
        "`default=` in the model is no default of the database",
        "02_created_at",
        ("NOT NULL constraint failed: users.created_at", "Ravi Import"),
        r"NOT NULL constraint failed: (?!_alembic_tmp_)|null value in column",
        promised=7,
    ),
    Symptom(
        "A default in the words of one database",
        "02_created_at",
        ("unknown function: now()", "Cannot add a column with non-constant default"),
        r"unknown function: now\(\)|Cannot add a column with non-constant default",
    ),
    Symptom("What a downgrade cannot bring back", "02_created_at", ("joined_in_2019",), promised=31),
    Symptom(
        "A rename is seen as drop and add",
        "03_ml_metadata",
        ("Detected removed column 'model_metadata.version'", "des ventes  NULL", "[None, '1.0', '1.0', '1.0']"),
        r"Detected removed column",
        promised=9,
    ),
    Symptom("A step back is taken for an option", "03_ml_metadata", ("No such option '-1'",), r"No such option\W+\d"),
    Symptom(
        "A CHECK on a table that exists is not seen",
        "03_ml_metadata",
        ("No changes in schema detected.", "rows changed: 1"),
        r"No changes in schema detected",
    ),
    Symptom(
        "Rows break a new rule",
        "03_ml_metadata",
        ("CHECK constraint failed: ck_model_metadata_version_not_empty",),
        r"CHECK constraint failed|violates check constraint|check constraint \S+ of relation \S+ is violated",
    ),
    Symptom(
        "The same difference on every run",
        "03_ml_metadata",
        ("New upgrade operations detected", "New upgrade operations detected"),
        r"New upgrade operations detected",
        promised=25,
    ),
    Symptom(
        "A NOT NULL column whose values are in the data",
        "04_status_data_migration",
        ("Cannot add a NOT NULL column with default value NULL",),
        r"Cannot add a NOT NULL column with default value NULL|column \S+ of relation \S+ contains null values",
    ),
    Symptom(
        "A changed server default is not seen",
        "04_status_data_migration",
        ("No changes in schema detected.", "detected server default on column 'model_metadata.status'"),
        r"No changes in schema detected|detected server default",
        promised=8,
    ),
    Symptom(
        "A constraint has no name",
        "04_status_data_migration",
        ("ValueError: Constraint must have a name",),
        r"Constraint must have a name",
        promised=10,
    ),
    Symptom(
        "Batch mode is off",
        "04_status_data_migration",
        ("No support for ALTER of constraints in SQLite dialect",),
        r"No support for ALTER of constraints in SQLite dialect",
        promised=11,
    ),
    Symptom(
        "A data migration imports the app's models",
        "04_status_data_migration",
        ("no such column: model_metadata.framework",),
        r"no such column: \w+\.\w+|column \w+\.\w+ does not exist",
        promised=24,
    ),
    Symptom("An UPDATE finds no row", "04_status_data_migration", ("rows changed: 0",)),
    Symptom(
        "A loop over rows beside one statement",
        "04_status_data_migration",
        ("more than twice the time and more than twice",),
    ),
    Symptom(
        "Two heads after a merge of branches",
        "05_merge_conflict",
        (
            "Multiple head revisions are present for given argument 'head'",
            "Target database is not up to date.",
            "Multiple heads are present; please specify the head revision",
        ),
        r"Multiple head revisions are present|Multiple heads are present",
        promised=5,
    ),
    Symptom(
        "Git branches were switched under a database",
        "05_merge_conflict",
        ("Can't locate revision identified by '0006a'", "the database is here, but no script has this id"),
        r"Can't locate revision identified by",
        promised=20,
    ),
    Symptom(
        "Both branches add the same column",
        "05_merge_conflict",
        ("OperationalError: duplicate column name: tags", "sqlite3.OperationalError: duplicate column name: region"),
        r"duplicate column name|column \S+ of relation \S+ already exists",
        promised=29,
    ),
    Symptom("A downgrade past a merge", "05_merge_conflict", ("Ambiguous walk",), r"Ambiguous walk", promised=30),
    Symptom(
        "A rename in one step while the app runs",
        "06_expand",
        ("Database and code do not match", "The database is at revision 0008x, this code expects revision 0007."),
        r"Database and code do not match|The database is at revision \S+, this code expects",
    ),
    Symptom("A deploy before its upgrade", "06_expand", ("new app before the upgrade  all    none      all",)),
    Symptom(
        "One big UPDATE while others write",
        "06_expand",
        ("more than four times as long", "waited for more than half of the time that the UPDATE took"),
    ),
    Symptom("A backfill is killed half-way", "06_expand", ("the database is at 0008", "2000    2000", "Corrected")),
    Symptom(
        "A script commits, and may not begin again",
        "06_expand",
        ("canceling statement due to lock timeout", "so the script cannot simply run again"),
        r"canceling statement due to lock timeout",
    ),
    Symptom("OFFSET over rows that change", "06_expand", ("1      2000  1001",)),
    Symptom(
        "Rows come between the backfill and NOT NULL",
        "07_contract",
        ('column "display_name" of relation "users" contains null values',),
        r"column \S+ of relation \S+ contains null values",
    ),
    Symptom(
        "NOT NULL on a table that is in use",
        "07_contract",
        ("AccessExclusiveLock  readers and writers", 'verifying table "users"', "sufficient to prove"),
    ),
    Symptom(
        "A column is dropped while an app uses it",
        "07_contract",
        ("This code does not know that revision: deploy the newer code.", "app 06 at 0010   all    none      all"),
        r"This code does not know that revision",
    ),
    Symptom("A form outlives a deploy", "07_contract", ("This field is required.",), r"This field is required"),
    Symptom(
        "A view uses the column",
        "07_contract",
        ("cannot drop column name of table users because other objects depend on it", "goes on from there"),
        r"because other objects depend on it",
    ),
    Symptom(
        "A default in the words of SQLite",
        "08_postgresql",
        ('column "is_public" is of type boolean but default expression is of type integer',),
        r"is of type boolean but default expression is of type integer",
    ),
    Symptom(
        "Values that only SQLite stores",
        "08_postgresql",
        ("value too long for type character varying(100)", 'invalid input syntax for type integer: "five"'),
        r"value too long for type|invalid input syntax for type",
    ),
    Symptom(
        "A table called user",
        "08_postgresql",
        ("it_is_the_role", 'syntax error at or near "user"'),
        r"syntax error at or near \W?user\b",
    ),
    Symptom(
        "Sequences after the rows were moved",
        "08_postgresql",
        ("A user with this email is already there.", 'duplicate key value violates unique constraint "pk_users"'),
        r"duplicate key value violates unique constraint",
    ),
    Symptom(
        "An upgrade hangs",
        "08_postgresql",
        (
            "a reader waited for more than a second: True",
            "canceling statement due to lock timeout",
            "Tables are in use by another session; waiting for it to end.",
        ),
        r"canceling statement due to lock timeout|Tables are in use by another session",
        promised=21,
    ),
    Symptom(
        "A foreign key stops writers",
        "08_postgresql",
        ("The writer waited in steps less than half as long.", "ShareUpdateExclusiveLock  neither readers nor writers"),
    ),
    Symptom(
        "Enum types on PostgreSQL",
        "08_postgresql",
        (
            'type "stage" does not exist',
            'type "run_state" already exists',
            "No changes in schema detected.",
            'unsafe use of new value "retired" of enum type stage',
        ),
        r'type \"?\w+\"? (already exists|does not exist)|unsafe use of new value',
        promised=14,
    ),
    Symptom(
        "A type change on PostgreSQL",
        "08_postgresql",
        (
            'column "version" cannot be cast automatically to type integer',
            'invalid input syntax for type integer: "beta"',
        ),
        r"cannot be cast automatically|invalid input syntax for type",
        promised=15,
    ),
    Symptom(
        "An index is left invalid",
        "08_postgresql",
        ('could not create unique index "ix_model_metadata_model_name"', "ix_model_metadata_model_name  False"),
        r"could not create unique index",
    ),
    Symptom(
        "Several deploys at once",
        "09_production",
        (
            "Another `flask db` command is running on this database; waiting for it to end.",
            "Another `flask db` command is running on this database; waiting for it to end.",
            "exit code 0",
            "exit code 0",
            "exit code 0",
            "0012 was applied 1 time",
        ),
        r"Another `flask db` command is running",
        promised=22,
    ),
    Symptom(
        "A password with % or @",
        "09_production",
        (
            "host:     home@db.example.com",
            "postgresql://reader:***@home@db.example.com/shop",
            "DATABASE_URL: a password's @ : / ? # % must be written as %40 %3A %2F %3F %23 %25.",
            'password authentication failed for user "reader"',
            "p%2540ss%40home",
            "postgresql+psycopg://reader:***@db.example.com/shop",
        ),
        r"password's @ : / \? # % must be written as|password authentication failed",
        promised=28,
    ),
    Symptom(
        "A new table that the app may not use",
        "09_production",
        ("permission denied for table alembic_version", "must be owner of table users", "permission denied for schema"),
        r"permission denied for (table|schema)|must be owner of",
    ),
    Symptom(
        "An upgrade succeeds and destroys values",
        "09_production",
        (
            "value too long for type character varying(40)",
            "notes: 5 values differ",
            "No new upgrade operations detected.",
            "Restored from before-0011.dump: revision 0010, model_metadata 21 rows, users 20 rows",
            "customers except minors.",
            "changed values: []",
        ),
        r"value too long for type",
    ),
    Symptom(
        "A password is in git",
        "09_production",
        ("DATABASE_URL=postgresql://reader:summer2026@db.example.com/shop",),
    ),
    Symptom(
        "A revision file is lost: from the folder, or in a commit",
        "10_repair_clinic",
        ("Can't locate revision identified by '0008'", "column framework only in this database", "torch      2"),
        r"Can't locate revision identified by",
        promised=2,
    ),
    Symptom(
        "A database was stamped at a revision that it does not have",
        "10_repair_clinic",
        ("0007 (head)", "no such column: owner_id", "GET /models: 500"),
        r"no such (column|table)|UndefinedColumn|UndefinedTable|(column|relation) \S+ does not exist",
    ),
    Symptom(
        "Tables that were made by create_all()",
        "10_repair_clinic",
        (
            "OperationalError: table users already exists",
            "OperationalError: table users already exists",
            "OperationalError: table users already exists",
        ),
        r"(table|relation) \W?(?!_alembic_tmp_)\w+\W? already exists",
        promised=18,
    ),
    Symptom(
        "A model is not imported, or the table belongs to another program",
        "10_repair_clinic",
        ("Detected removed table 'reports'", "op.drop_table('reports')"),
        r"Detected removed table|op\.drop_table|remove_table",
        promised=4,
    ),
    Symptom(
        "A script was edited after it was applied",
        "10_repair_clinic",
        ("No new upgrade operations detected.", "Detected added column 'users.office'", 'no such column: "office"'),
        r"Detected added column|no such column|column \S+ does not exist",
        promised=19,
    ),
    Symptom(
        "The database is ahead of the code, after a deploy was rolled back",
        "10_repair_clinic",
        ("we put release-1 back", "Can't locate revision identified by"),
        r"Can't locate revision identified by",
    ),
    Symptom(
        "Two heads, each applied on a different server",
        "10_repair_clinic",
        ("Multiple head revisions are present", "Multiple head revisions are present for given argument 'head'"),
        r"Multiple head revisions are present|Multiple heads are present",
    ),
    Symptom(
        "A history was squashed, and this database is not past the cut",
        "10_repair_clinic",
        (
            "<base> -> 0001, create users",
            "<base> -> 0005 (branchpoint), everything up to here",
            "The tables are those of a new database that the scripts make.",
            "Can't locate revision identified by '0004'",
        ),
        r"Can't locate revision identified by",
        promised=26,
    ),
    Symptom(
        "An upgrade that failed has left a column behind",
        "11_repair_upgrades",
        (
            '(sqlite3.OperationalError) near "ALTER"',
            "(sqlite3.OperationalError) duplicate column name: region",
            'near "ALTER": syntax error',
        ),
        r'duplicate column name|near \"ALTER\": syntax error',
        promised=27,
    ),
    Symptom(
        "A batch that failed has left a table behind",
        "11_repair_upgrades",
        (
            "NOT NULL constraint failed: _alembic_tmp_model_metadata.source",
            "table _alembic_tmp_model_metadata already exists",
        ),
        r"table _alembic_tmp_\w+ already exists",
        promised=12,
    ),
    Symptom(
        "A batch took the rows of another table",
        "11_repair_upgrades",
        ("reviews before: 4", "(exit code 0)", "reviews now: 0"),
        promised=13,
    ),
    Symptom(
        "env.py has to be replaced in a project that is in use",
        "11_repair_upgrades",
        ("Directory migrations already exists and is not empty", "Detected removed table 'audit_log'"),
        r"Directory \S+ already exists and is not empty",
    ),
    Symptom(
        "Rows break a new unique constraint",
        "11_repair_upgrades",
        ("UNIQUE constraint failed: _alembic_tmp_users.email", 'could not create unique index "uq_users_email"'),
        r"UNIQUE constraint failed: _alembic_tmp_|could not create unique index",
    ),
    Symptom(
        "Rows are NULL where a column becomes NOT NULL",
        "11_repair_upgrades",
        ("NOT NULL constraint failed: _alembic_tmp_model_metadata.version",),
        r"NOT NULL constraint failed: _alembic_tmp_|contains null values",
    ),
    Symptom(
        "A value is too long for a new type",
        "11_repair_upgrades",
        ("value too long for type character varying(30)",),
        r"value too long for type",
    ),
    Symptom(
        "Somebody has added a column to the database by hand",
        "11_repair_upgrades",
        ("Detected removed column 'model_metadata.region'", "OperationalError: duplicate column name: region"),
        r"duplicate column name|column \S+ of relation \S+ already exists|Detected removed column|remove_column",
    ),
    Symptom(
        "Somebody has dropped an index in the database by hand",
        "11_repair_upgrades",
        ("Detected added index 'ix_model_metadata_owner_id'", "no such index: ix_model_metadata_owner_id"),
        r"no such index|index \S+ does not exist",
    ),
    Symptom(
        "A generated script does not know a type of your own",
        "11_repair_upgrades",
        ("name 'models' is not defined",),
        r"name '\w+' is not defined",
        promised=23,
    ),
    Symptom(
        "A program logs nothing more after an upgrade",
        "11_repair_upgrades",
        ("nightly: it begins", "nightly: it begins", "nightly: it is done, models: 2"),
        promised=32,
    ),
]


def find(text):
    """Print where the error in `text` is explained: the problem, and its notebook."""
    found = [each for each in SYMPTOMS if each.finds(text)]
    for each in found:
        print(f"{each.problem}: {each.notebook}")
    if not found:
        print("No case here has this text. Paste the line that names the error: often the first one, not the last.")
