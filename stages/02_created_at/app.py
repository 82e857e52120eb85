"""The app: users in a list with their time of creation, and a form that adds one."""
from pathlib import Path

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from flask_bootstrap import Bootstrap5
from flask_migrate import Migrate
from sqlalchemy.exc import IntegrityError

from config import settings
from database import is_duplicate, prepare_connections, utc
from errors import register_errors
from forms import UserForm
from models import User, db
from paging import page_of
from sample_data import seed

pages = Blueprint("pages", __name__)


def create_app():
    app = Flask(__name__)
    app.config.from_mapping(settings())
    db.init_app(app)
    Migrate(app, db, directory=Path(app.root_path) / "migrations")
    Bootstrap5(app)
    register_errors(app)
    app.register_blueprint(pages)
    app.cli.add_command(seed)
    app.add_template_filter(utc)
    with app.app_context():
        prepare_connections(db.engine)
    return app


@pages.get("/")
def users():
    rows, older = page_of(db.select(User), User.id)
    return render_template("users.html", users=rows, older=older)


@pages.route("/add", methods=["GET", "POST"])
def add_user():
    form = UserForm()
    if not form.is_submitted():
        return render_template("add_user.html", form=form)
    if not form.validate():
        return render_template("add_user.html", form=form), 422
    db.session.add(User(name=form.name.data, email=form.email.data))
    try:
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        if not is_duplicate(error):
            raise
        form.email.errors = ["A user with this email is already there."]
        return render_template("add_user.html", form=form), 409
    flash("The user was added.")
    return redirect(url_for("pages.users"))
