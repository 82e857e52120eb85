"""Every error has a page that says what to do. Nothing here needs editing."""
from flask import current_app, render_template, request
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from database import is_unavailable, revisions
from models import db

TEXTS = {
    404: "There is no such page. Go back to the list and follow a link from there.",
    405: "This address takes other requests only. Use the links and forms of the pages.",
    413: "What you sent is larger than 1 MiB. Send less.",
    500: "Something went wrong here. It has been logged; your last input was not saved.",
}


class FormProtection(CSRFProtect):
    def protect(self, apply_exemptions=False):
        try:
            if request.endpoint and request.method == "POST" and body_goes_on():
                raise RequestEntityTooLarge()
            super().protect(apply_exemptions)
        except (AttributeError, OSError, ValueError) as error:
            # A field without a name, a broken body, a Referer or Host that is no address: no browser sends them.
            raise BadRequest() from error


def body_goes_on():
    """Whether more was sent than was read. Of a body in chunks, Werkzeug takes the first 1 MiB for all of it."""
    in_chunks = request.content_length is None and request.environ.get("wsgi.input_terminated")
    return in_chunks and request.form is not None and request.environ["wsgi.input"].read(1)


def register_errors(app):
    FormProtection(app)
    app.register_error_handler(HTTPException, show)
    app.register_error_handler(CSRFError, show_csrf)
    app.register_error_handler(DBAPIError, show_database)
    app.register_error_handler(PoolTimeout, show_database)
    app.before_request(warn_of_random_key)
    app.after_request(add_headers)


def page(code, title, text, **headers):
    return render_template("error.html", title=title, text=text), code, headers


def show(error):
    return page(error.code, error.name, TEXTS.get(error.code, error.description), **allowed(error))


def allowed(error):
    return {"Allow": ", ".join(error.valid_methods)} if getattr(error, "valid_methods", None) else {}


def show_csrf(error):
    text = "This form is too old or was not sent from this site. Go back, reload the page and send it again."
    return page(400, "The form has expired", text)


def show_database(error):
    db.session.rollback()
    try:
        if is_unavailable(error):
            raise error
        found, expected, known = revisions(db.session.connection())
        if found == expected:
            # Either the query is wrong and fails again, or an upgrade has ended since it failed.
            db.session.connection().exec_driver_sql(error.statement, error.params)
            db.session.rollback()
            return try_again(error)
    except (DBAPIError, PoolTimeout) as unreadable:
        if not is_unavailable(unreadable):
            raise error from None
        return try_again(error)
    text = (
        f"The database is at {name(found)}, this code expects {name(expected)}. "
        + what_to_do(expected, known)
    )
    current_app.logger.error(text)
    return page(503, "Database and code do not match", text)


def what_to_do(expected, known):
    if not known:
        return "This code does not know that revision: deploy the newer code."
    if len(expected) > 1:
        return "The scripts have more than one head; see: flask db heads"
    return "Run: flask db upgrade"


def try_again(error):
    current_app.logger.warning("The database is busy or out of reach: %s", type(error).__name__)
    text = "The database is busy or out of reach. Nothing was saved; try again in a few seconds."
    return page(503, "Try again shortly", text, **{"Retry-After": "5"})


def name(heads):
    return f"revision {' and '.join(sorted(heads))}" if heads else "no revision"


def warn_of_random_key():
    if current_app.config.pop("SECRET_KEY_IS_RANDOM", False):
        current_app.logger.warning(
            "SECRET_KEY is not set: a random key is used, and forms and sessions end with this process."
        )


def add_headers(response):
    response.headers.setdefault("Content-Security-Policy", "default-src 'self'; img-src 'self' data:")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response
