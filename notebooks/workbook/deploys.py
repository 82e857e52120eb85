"""Several deploys at once, as when many servers start together and each begins with `flask db upgrade`."""
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from workbook import commands
from workbook.commands import Finished

PATIENCE = 60  # seconds until all of them have to have begun


def at_once(work, count):
    """Run `flask db upgrade` `count` times at once, on PostgreSQL; returns [Finished], in the order of their start.

    So that they surely overlap, a session keeps the table `alembic_version` until all of them wait: the first for
    that session, the others for the first.
    """
    migrates = create_engine(work.variables.get("MIGRATION_DATABASE_URL") or work.url, poolclass=NullPool)
    deploys = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        logs = [Path(folder, f"{number}.log") for number in range(count)]
        with migrates.begin() as connection, killed_by_an_error(deploys):
            connection.exec_driver_sql("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
            for log in logs:
                with log.open("wb") as output:
                    deploys.append(commands.start(["flask", "db", "upgrade"], work.folder, work.variables, output))
                wait_until_it_waits(deploys[-1], log)
        with killed_by_an_error(deploys):
            codes = [deploy.wait() for deploy in deploys]
        texts = [commands.relative(log.read_text("utf-8"), work.folder) for log in logs]
    return [Finished(code, text) for code, text in zip(codes, texts)]


@contextmanager
def killed_by_an_error(deploys):
    """If the learner interrupts the block, or it fails, no deploy goes on behind it."""
    try:
        yield
    except BaseException:
        for deploy in deploys:
            deploy.kill()
            deploy.wait()
        raise


def wait_until_it_waits(deploy, log):
    deadline = time.monotonic() + PATIENCE
    while deploy.poll() is None and "; waiting for it to end" not in log.read_text("utf-8"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"a deploy neither waits nor ends; it has printed:\n{log.read_text('utf-8')}")
        time.sleep(0.05)
