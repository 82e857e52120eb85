"""Which statements the verifier says stop a table of PostgreSQL's, and which squawk says so of and do not."""
from workbook.stages import script_directory, stage_app, stage_folders
from workbook.verify.driver import Loaded
from workbook.verify.history import history_of
from workbook.verify.locks import locks

TABLE = "CREATE TABLE pets (\n\tid SERIAL NOT NULL, \n\tname VARCHAR(20), \n\tage INTEGER, \n\tPRIMARY KEY (id)\n);\n\n"
STOPS = {  # statement: a part of what is said
    "CREATE INDEX ix_pets_name ON pets (name)": "nobody can write to pets until every row is read",
    "ALTER TABLE pets ADD CONSTRAINT fk FOREIGN KEY(age) REFERENCES users (id)": "nobody can write to pets",
    "ALTER TABLE ONLY public.pets ADD CONSTRAINT ck CHECK (age > 0)": "nobody can use pets",
    "ALTER TABLE pets ADD CONSTRAINT uq UNIQUE (name)": "nobody can use pets",
    "ALTER TABLE pets ALTER COLUMN name SET NOT NULL": "nobody can use pets",
    "ALTER TABLE pets ALTER COLUMN age TYPE BIGINT": "nobody can use pets",
    "ALTER TABLE pets ALTER COLUMN name TYPE VARCHAR(10)": "nobody can use pets",
    "ALTER TABLE pets ADD COLUMN key UUID DEFAULT gen_random_uuid() NOT NULL": "nobody can use pets",
    "ALTER TABLE pets ADD COLUMN uid BIGSERIAL PRIMARY KEY": "nobody can use pets",
    "REINDEX TABLE pets": "nobody can use pets",
}
GOES_ON = [
    "CREATE INDEX CONCURRENTLY ix_pets_name ON pets (name)",
    "ALTER TABLE pets ADD COLUMN owner INTEGER REFERENCES users (id)",
    "ALTER TABLE pets ADD CONSTRAINT fk FOREIGN KEY(age) REFERENCES users (id) NOT VALID",
    "ALTER TABLE pets ADD COLUMN made TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL",
    "ALTER TABLE pets ALTER COLUMN name TYPE VARCHAR(200)",
    "ALTER TABLE pets ALTER COLUMN name TYPE TEXT",
    "ALTER TABLE pets DROP COLUMN name",
    "ALTER TABLE pets RENAME COLUMN name TO called",
    "UPDATE pets SET age=%(age)s",  # from an env.py without literal_binds
    "DROP TABLE pets",
    f"{TABLE.replace('pets', 'cats')}CREATE INDEX i ON cats (name);\nALTER TABLE cats ALTER COLUMN name SET NOT NULL",
]


def said(*steps, folder=None):
    """What is said of a history whose scripts print these texts."""
    sql = {f"{number:04}": f"-- Running upgrade\n\n{step};\n\n" for number, step in enumerate(steps, 1)}
    return list(locks(sql, folder))


def test_what_stops_a_table_is_found_with_its_revision_and_statement():
    found = said(TABLE, *STOPS)
    assert [finding.revision for finding in found] == [f"{number:04}" for number in range(2, len(STOPS) + 2)]
    for finding, (statement, part) in zip(found, STOPS.items()):
        assert finding.check == "locks" and finding.level == "warning" and finding.do
        assert finding.what.startswith(statement[:80]) and part in finding.what, finding.what


def test_nothing_is_said_of_what_goes_on_at_once():
    assert not said(TABLE, *GOES_ON)


def test_a_check_that_was_validated_before_makes_not_null_cheap():
    steps = ["ALTER TABLE pets VALIDATE CONSTRAINT ck", "ALTER TABLE pets ALTER COLUMN name SET NOT NULL"]
    assert not said(TABLE, *steps)
    assert said(TABLE, *reversed(steps))


def test_statements_of_one_kind_in_one_script_are_one_finding():
    indexes = [f"CREATE INDEX {name} ON pets (name)" for name in "abc"]
    [finding] = said(TABLE, ";\n".join(indexes))
    assert finding.what.startswith("CREATE INDEX a ON pets (name), and 2 more: ")


def test_sql_that_squawk_cannot_read_is_told_and_hides_no_other_step():
    unread, [index] = said("GRANT ME A WISH"), said(TABLE, "CREATE INDEX i ON pets (name)")
    assert "squawk cannot read the SQL" in unread[0].what and index.revision == "0002"


def test_what_the_projects_own_squawk_toml_leaves_out_is_left_out(tmp_path):
    step = "CREATE INDEX ix_pets_name ON pets (name)"
    assert said(TABLE, step, folder=tmp_path)
    (tmp_path / ".squawk.toml").write_text('excluded_rules = ["require-concurrent-index-creation"]\n', "utf-8")
    assert not said(TABLE, step, folder=tmp_path)
    (tmp_path / ".squawk.toml").write_text("excluded_rules = 3\n", "utf-8")
    [finding] = said(TABLE, step, folder=tmp_path)
    assert finding.revision is None and "squawk did not look at the SQL" in finding.what


def test_in_the_stages_only_what_08_postgresql_teaches_to_do_in_steps_stops_a_table():
    folder, sql = stage_folders()[-1], {}
    with stage_app(folder, "postgresql+psycopg://nobody@localhost/nowhere") as app:
        for revision in history_of(script_directory(folder)):
            sql[revision.id] = Loaded(app).sql(f"{(*revision.parents, 'base')[0]}:{revision.id}")
    statements = {(finding.revision, " ".join(finding.what.split()[:4])) for finding in locks(sql)}
    assert statements == {
        ("0005", "ALTER TABLE model_metadata ADD"),
        ("0006a", "ALTER TABLE model_metadata ADD"),
        ("0006a", "CREATE INDEX ix_model_metadata_owner_id ON"),
    }
