"""`flask seed`: rows to try things with, the same ones each time."""
import click
from flask.cli import with_appcontext

from models import User
from seeding import ready_database, top_up

FIRST = ["Ada", "Zoë", "Kofi", "Łucja", "Mei", "Olu", "Priya", "Søren"]
LAST = ["Okafor", "Nguyễn", "Silva", "Müller", "O'Brien", "Tanaka", "Haddad"]


@click.command()
@click.option("--rows", default=20, show_default=True, type=click.IntRange(min=0), help="Rows each table shall have.")
@with_appcontext
def seed(rows):
    """Top each table up to that many rows."""
    with ready_database():
        top_up(User, rows, user, unique=User.email)


def user(number):
    name = f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]}"
    return {"name": name, "email": f"user{number}@example.com"}
