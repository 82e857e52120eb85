"""Lists that cost the same at a million rows. Nothing here needs editing."""
import re

from flask import abort, request
from sqlalchemy import BigInteger, literal

from models import db

PAGE = 50


def page_of(statement, key):
    """The rows of this page, newest first, and the `before` of the older page (None: there is none).

    `key` is the id column. A page begins below an id instead of after so many
    rows: the database goes straight to that id, and rows that are added
    meanwhile move nothing.
    """
    before = request.args.get("before")
    if before is not None:
        if not re.fullmatch(r"[0-9]{1,19}", before) or not 0 < int(before) < 2**63:
            abort(404)
        statement = statement.where(key < literal(int(before), BigInteger))
    rows = db.session.scalars(statement.order_by(key.desc()).limit(PAGE + 1)).all()
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None
