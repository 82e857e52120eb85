"""`flask seed`: rows to try things with, the same ones each time."""
from functools import partial

import click
from flask.cli import with_appcontext

from models import ModelMetadata, User, db
from seeding import ready_database, top_up

FIRST = ["Ada", "Zoë", "Kofi", "Łucja", "Mei", "Olu", "Priya", "Søren"]
LAST = ["Okafor", "Nguyễn", "Silva", "Müller", "O'Brien", "Tanaka", "Haddad"]
MODELS = ["churn", "fraud", "spam", "prévision des ventes", "sentiment"]


@click.command()
@click.option("--rows", default=20, show_default=True, type=click.IntRange(min=0), help="Rows each table shall have.")
@with_appcontext
def seed(rows):
    """Top each table up to that many rows."""
    with ready_database():
        top_up(User, rows, user, unique=User.email)
        owners = db.session.scalars(db.select(User.id).order_by(User.id).limit(100)).all()
        top_up(ModelMetadata, rows, partial(model, owners=owners))


def user(number):
    display_name = f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]}"
    return {"display_name": display_name, "email": f"user{number}@example.com"}


def model(number, owners):
    """Each name gets a thousand versions, then new names begin."""
    group, number = divmod(number - 1, 1000 * len(MODELS))
    build, kind = divmod(number, len(MODELS))
    return {
        "model_name": MODELS[kind] + (f" {group + 1}" if group else ""),
        "accuracy": round(0.5 + (number * 37 % 500) / 1000, 3),
        "version": f"1.{build}" if number % 4 else None,
        "status": "archived" if build % 4 == 1 else "active",
        "owner_id": owners[number % len(owners)] if owners and number % 3 else None,
        "notes": "Trained on last month's data.\nNot reviewed yet." if number % 5 == 0 else None,
    }
