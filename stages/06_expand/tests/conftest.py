"""A migrated, empty database for each test. Nothing here needs editing."""
import pytest
from flask_migrate import upgrade

from app import create_app


@pytest.fixture
def app(tmp_path, monkeypatch):
    """The app on a database without tables."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{(tmp_path / 'test.db').as_posix()}")
    monkeypatch.delenv("MIGRATION_DATABASE_URL", raising=False)
    app = create_app()
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    with app.app_context():
        yield app
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def client(app):
    """A browser, on the app with a migrated database: what a deploy gives, not what create_all would."""
    upgrade()
    return app.test_client()
