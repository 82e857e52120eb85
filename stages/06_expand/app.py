"""The app: users and machine-learning models, each with a list and a form that adds one."""
from pathlib import Path

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask_bootstrap import Bootstrap5
from flask_migrate import Migrate
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from config import settings
from database import is_duplicate, prepare_connections, utc
from errors import register_errors
from forms import ModelForm, StatusForm, UserForm
from models import ModelMetadata, User, db
from operations import backup, rehearse, restore
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
    for command in (seed, backup, restore, rehearse):
        app.cli.add_command(command)
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
    db.session.add(User(name=form.name.data, display_name=form.name.data, email=form.email.data))
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


@pages.get("/models")
def models(wrong=None):
    models_and_owners = db.select(ModelMetadata).options(joinedload(ModelMetadata.owner))
    rows, older = page_of(models_and_owners, ModelMetadata.id)
    return render_template("models.html", models=rows, older=older, form=StatusForm(), wrong=wrong)


@pages.route("/models/add", methods=["GET", "POST"])
def add_model():
    form = ModelForm()
    if not form.is_submitted():
        return render_template("add_model.html", form=form)
    if not form.validate():
        return render_template("add_model.html", form=form), 422
    db.session.add(
        ModelMetadata(
            model_name=form.model_name.data,
            accuracy=form.accuracy.data,
            version=form.version.data,
            owner=form.owner_row,
            notes=form.notes.data,
        )
    )
    db.session.commit()
    flash("The model was added.")
    return redirect(url_for("pages.models"))


@pages.post("/models/<int(max=2147483647):id>/status")
def change_status(id):
    model = db.get_or_404(ModelMetadata, id)
    form = StatusForm()
    if not form.validate():
        return models(wrong=model), 422
    model.status = form.status.data
    db.session.commit()
    flash(f"{model.model_name} is {model.status} now.")
    # Back to the same row of the same page.
    return redirect(url_for("pages.models", before=request.args.get("before"), _anchor=f"model-{id}"))
