"""`python -m side_by_side libpq|stand_in URL`: run the checks of one side, and print {check: [what it found]} as JSON.

The URL is that of a database of the real server; with the stand-in, that server's one session is in it.
"""
import json
import os
import re
import sys
import traceback

from sqlalchemy import make_url

from side_by_side import Side, all_checks, connect, synchronous


def begin(side, real):
    """Choose psycopg's ways to the server, before anybody imports psycopg."""
    if side == "stand_in":
        from workbook.tab import server

        os.environ["PSYCOPG_IMPL"] = "python"
        server.start(synchronous.session(real))
        real_place = real.set(username=server.OWN, password=None, database=server.OWN)
        os.environ[server.VARIABLE] = real_place.render_as_string(hide_password=False)


def beside(url):
    """Side.beside: one more session of the real server, which finds the tables of the checks in its schema public."""
    execute = synchronous.session(url)
    from workbook.tab import wire

    def run(sql):
        for code, data in wire.messages(execute(wire.query(sql.encode()))):
            if code == b"E":
                raise RuntimeError(data)

    return run


def run(check):
    try:
        return [comparable(each) for each in check()]
    except (Exception, SystemExit):
        return {"raised": traceback.format_exc()}
    finally:
        for connection in Side.opened:
            connection.close()
        Side.opened.clear()


def comparable(value):
    text = re.sub(" at 0x[0-9a-f]+", "", repr(value))
    for name, common in Side.names.items():
        text = text.replace(name, common)
    return text


def main(side, url):
    real = make_url(url)
    begin(side, real)
    from workbook import postgres

    Side.url = make_url(postgres.create_database())
    Side.beside = beside(real if side == "stand_in" else Side.url)
    from side_by_side.alone import ALONE

    print(json.dumps(run_all(all_checks(ALONE if side == "stand_in" else {}))))
    if side == "libpq":  # else it is in the real database, which goes as a whole
        postgres.drop_database(Side.url)


def run_all(checks):
    """{check: what it found}, and which pq layer psycopg has."""
    import psycopg

    Side.names = {Side.url.database: "DATABASE"}
    results = {"pq": psycopg.pq.PGconn.__module__}
    for name, check in checks.items():
        with connect(autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        results[name] = run(check)
    return results


if __name__ == "__main__":
    main(*sys.argv[1:])
