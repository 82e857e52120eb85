"""The migrations alone: one head, up, up and down again, and the models agree. Nothing here needs editing."""
from pathlib import Path

import pytest
from pytest_alembic.tests import (  # noqa: F401
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)

MIGRATIONS = Path(__file__).parent.parent / "migrations"


@pytest.fixture
def alembic_config():
    return {"file": str(MIGRATIONS / "alembic.ini"), "script_location": str(MIGRATIONS)}


@pytest.fixture
def alembic_engine(app):
    return app.extensions["sqlalchemy"].engine
