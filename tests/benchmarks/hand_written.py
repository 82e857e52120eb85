"""Each migration as a careful person would write it in SQL: the best of the ways that were tried.

The statements run in one transaction, those of `alone` before it and each
committed by itself. They end at the schema and the rows of the migration;
migrations.py checks that. On SQLite a table has to be rebuilt
where a constraint or a default changes. Writing to sqlite_schema would avoid
that, but SQLite's own documentation warns of it, so it is not counted as a way.
"""
from typing import NamedTuple


class Step(NamedTuple):
    """One migration in one direction.

    `start` are the revisions to upgrade to, one by one, before it; `target` is
    what `flask db upgrade` or `flask db downgrade` is given; `sql` has the
    statements of one transaction for each kind of database, `alone` those that
    are committed by themselves before it: statements, or Batches.
    """

    name: str
    start: tuple
    target: str
    sql: dict
    alone: dict = {}

    @property
    def down(self):
        return self.name.endswith("down")


class Batches(NamedTuple):
    """What is done in small transactions, as long as there is a next batch.

    `last` reads the last id of the batch that begins after the id `{after}`;
    `change` changes the rows up to `{last}`. `pause` are the seconds between
    two batches.
    """

    last: str
    change: str
    pause: float = 0


def rebuilt(table, columns, constraints, copied):
    """SQLite: put a new table in the place of `table`; `copied` is {column: the value it gets}."""
    return [
        f"CREATE TABLE new_{table} ({', '.join([*columns, *constraints])})",
        f"INSERT INTO new_{table} ({', '.join(copied)}) SELECT {', '.join(copied.values())} FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE new_{table} RENAME TO {table}",
    ]


def as_they_are(*columns):
    return {column: column for column in columns}


USERS = {
    "sqlite": ["id INTEGER NOT NULL", "name VARCHAR(100) NOT NULL", "email VARCHAR(120) NOT NULL"],
    "postgresql": ["id SERIAL NOT NULL", "name VARCHAR(100) NOT NULL", "email VARCHAR(120) NOT NULL"],
}
USERS_CONSTRAINTS = ["CONSTRAINT pk_users PRIMARY KEY (id)", "CONSTRAINT uq_users_email UNIQUE (email)"]
CREATED_AT = {
    "sqlite": "created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL",
    "postgresql": "created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL",
}
MODELS = {
    "sqlite": ["id INTEGER NOT NULL", "model_name VARCHAR(100) NOT NULL", "accuracy FLOAT NOT NULL"],
    "postgresql": ["id SERIAL NOT NULL", "model_name VARCHAR(100) NOT NULL", "accuracy FLOAT NOT NULL"],
}
MODELS_CONSTRAINTS = [
    "CONSTRAINT ck_model_metadata_accuracy_range CHECK (accuracy >= 0 AND accuracy <= 1)",
    "CONSTRAINT pk_model_metadata PRIMARY KEY (id)",
]
STATUS_KNOWN = "CONSTRAINT ck_model_metadata_status_known CHECK (status IN ('active', 'archived'))"
OWNER = "CONSTRAINT fk_model_metadata_owner_id_users"
AT_0004 = [*MODELS["sqlite"], CREATED_AT["sqlite"], "version VARCHAR(20)"]
AT_0005 = [*AT_0004, "status VARCHAR(20) DEFAULT 'active' NOT NULL"]
SINCE_0004 = as_they_are("id", "model_name", "accuracy", "created_at", "version")
SINCE_0005 = SINCE_0004 | as_they_are("status")
NEWEST = "SELECT max(id) FROM model_metadata GROUP BY model_name"
ADD = "ALTER TABLE model_metadata ADD COLUMN"
DROP = "ALTER TABLE model_metadata DROP COLUMN"


DISPLAY_NAME = "display_name VARCHAR(100)"
NAME = "name VARCHAR(100)"
AT_0007 = [*USERS["sqlite"], CREATED_AT["sqlite"]]
AT_0009 = ["id INTEGER NOT NULL", NAME, "email VARCHAR(120) NOT NULL", CREATED_AT["sqlite"], DISPLAY_NAME]
AT_0010 = ["id INTEGER NOT NULL", "email VARCHAR(120) NOT NULL", CREATED_AT["sqlite"], f"{DISPLAY_NAME} NOT NULL"]
IN_0009 = as_they_are("id", "name", "email", "created_at", "display_name")
REQUIRED = "ck_users_display_name_required"
ALTER = "ALTER TABLE users"
FILL_WHAT_IS_LEFT = "UPDATE users SET display_name = name WHERE display_name IS NULL"


def both(*statements):
    return {"sqlite": list(statements), "postgresql": list(statements)}


def filled(target, source):
    """Batches of a thousand. On SQLite others get the lock between two of them, on PostgreSQL they always do."""
    after = f"FROM users WHERE id > {{after}} AND {target} IS NULL"
    # A third slower on PostgreSQL: WHERE id IN (SELECT … LIMIT 1000). Many times slower: OFFSET.
    batches = Batches(
        f"SELECT max(id) FROM (SELECT id {after} ORDER BY id LIMIT 1000) batch",
        f"UPDATE users SET {target} = {source} WHERE id > {{after}} AND id <= {{last}} AND {target} IS NULL",
    )
    return {"sqlite": [batches._replace(pause=0.01)], "postgresql": [batches]}


def created(table, columns, constraints):
    return {kind: [f"CREATE TABLE {table} ({', '.join([*columns[kind], *constraints])})"] for kind in columns}


STEPS = [
    Step("0001 up", (), "0001", created("users", USERS, USERS_CONSTRAINTS)),
    Step("0001 down", ("0001",), "base", both("DROP TABLE users")),
    Step(
        "0002 up",
        ("0001",),
        "0002",
        {
            "sqlite": rebuilt(
                "users", [*USERS["sqlite"], CREATED_AT["sqlite"]], USERS_CONSTRAINTS, as_they_are("id", "name", "email")
            ),
            "postgresql": [f"ALTER TABLE users ADD COLUMN {CREATED_AT['postgresql']}"],
        },
    ),
    Step("0002 down", ("0002",), "0001", both("ALTER TABLE users DROP COLUMN created_at")),
    Step(
        "0003 up",
        ("0002",),
        "0003",
        created(
            "model_metadata", {kind: [*MODELS[kind], CREATED_AT[kind]] for kind in MODELS}, MODELS_CONSTRAINTS
        ),
    ),
    Step("0003 down", ("0003",), "0002", both("DROP TABLE model_metadata")),
    Step("0004 up", ("0003",), "0004", both(f"{ADD} version VARCHAR(20)")),
    Step("0004 down", ("0004",), "0003", both(f"{DROP} version")),
    Step(
        "0005 up",
        ("0004",),
        "0005",
        {
            # Slower: CASE WHEN id IN (newest) while copying; row_number(); adding the
            # column with its CHECK in place and then archiving all rows but the newest.
            "sqlite": [
                *rebuilt(
                    "model_metadata",
                    AT_0005,
                    [*MODELS_CONSTRAINTS, STATUS_KNOWN],
                    SINCE_0004 | {"status": "'archived'"},
                ),
                f"UPDATE model_metadata SET status = 'active' WHERE id IN ({NEWEST})",
            ],
            # No faster: the newest ids in a temporary table; UPDATE … FROM. Many times slower: archiving by UPDATE.
            "postgresql": [
                f"{ADD} status VARCHAR(20) DEFAULT 'archived' NOT NULL {STATUS_KNOWN}",
                "ALTER TABLE model_metadata ALTER COLUMN status SET DEFAULT 'active'",
                f"UPDATE model_metadata SET status = 'active' WHERE id IN ({NEWEST})",
            ],
        },
    ),
    Step(
        "0005 down",
        ("0005",),
        "0004",
        {
            # SQLite drops no column that a CHECK of the table names.
            "sqlite": rebuilt("model_metadata", AT_0004, MODELS_CONSTRAINTS, SINCE_0004),
            "postgresql": [f"{DROP} status"],
        },
    ),
    Step(
        "0006a up",
        ("0005",),
        "0006a",
        {
            "sqlite": [
                *rebuilt(
                    "model_metadata",
                    [*AT_0005, "owner_id INTEGER"],
                    [
                        *MODELS_CONSTRAINTS,
                        STATUS_KNOWN,
                        f"{OWNER} FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE SET NULL",
                    ],
                    SINCE_0005,
                ),
                "CREATE INDEX ix_model_metadata_owner_id ON model_metadata (owner_id)",
            ],
            # In the same clause: PostgreSQL knows then that no row can break the foreign key.
            "postgresql": [
                f"{ADD} owner_id INTEGER {OWNER} REFERENCES users (id) ON DELETE SET NULL",
                "CREATE INDEX ix_model_metadata_owner_id ON model_metadata (owner_id)",
            ],
        },
    ),
    Step(
        "0006a down",
        ("0006a",),
        "0005",
        {
            "sqlite": rebuilt("model_metadata", AT_0005, [*MODELS_CONSTRAINTS, STATUS_KNOWN], SINCE_0005),
            "postgresql": [f"{DROP} owner_id"],
        },
    ),
    Step("0006b up", ("0005",), "0006b", both(f"{ADD} notes TEXT")),
    Step("0006b down", ("0006b",), "0005", both(f"{DROP} notes")),
    Step("0007 up", ("0006a", "0006b"), "0007", both()),
    Step("0007 down", ("0007",), "0006a", both()),
    Step("0008 up", ("0007",), "0008", both(f"{ALTER} ADD COLUMN {DISPLAY_NAME}")),
    Step("0008 down", ("0008",), "0007", both(f"{ALTER} DROP COLUMN display_name")),
    Step(
        "0009 up",
        ("0008",),
        "0009",
        {
            "sqlite": rebuilt("users", AT_0009, USERS_CONSTRAINTS, IN_0009),
            "postgresql": [f"{ALTER} ALTER COLUMN name DROP NOT NULL"],
        },
        filled("display_name", "name"),
    ),
    Step(
        "0009 down",
        ("0009",),
        "0008",
        {
            "sqlite": rebuilt("users", [*AT_0007, DISPLAY_NAME], USERS_CONSTRAINTS, IN_0009),
            "postgresql": [f"{ALTER} ALTER COLUMN name SET NOT NULL"],
        },
        filled("name", "display_name"),
    ),
    Step(
        "0010 up",
        ("0009",),
        "0010",
        {
            "sqlite": [
                FILL_WHAT_IS_LEFT,
                *rebuilt("users", AT_0010, USERS_CONSTRAINTS, as_they_are("id", "email", "created_at", "display_name")),
            ],
            "postgresql": [
                f"{ALTER} ALTER COLUMN display_name SET NOT NULL, DROP COLUMN name",
                f"{ALTER} DROP CONSTRAINT {REQUIRED}",
            ],
        },
        {
            "postgresql": [
                f"{ALTER} ADD CONSTRAINT {REQUIRED} CHECK (display_name IS NOT NULL) NOT VALID",
                FILL_WHAT_IS_LEFT,
                f"{ALTER} VALIDATE CONSTRAINT {REQUIRED}",
            ]
        },
    ),
    Step(
        "0010 down",
        ("0010",),
        "0009",
        {
            "sqlite": rebuilt("users", AT_0009, USERS_CONSTRAINTS, as_they_are(*(IN_0009.keys() - {"name"}))),
            "postgresql": [f"{ALTER} ALTER COLUMN display_name DROP NOT NULL, ADD COLUMN {NAME}"],
        },
    ),
]
