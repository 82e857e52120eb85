"""The pages, on a migrated database."""
from datetime import UTC, datetime

from sqlalchemy import insert

from models import User

ADA = {"name": "Ada Okafor", "email": "ada@example.com"}
SPAM = {"model_name": "spam", "accuracy": "0", "version": "1.0"}


def test_an_added_user_is_in_the_list(client):
    assert client.post("/add", data=ADA).status_code == 302
    assert "ada@example.com" in client.get("/").text


def test_a_user_of_the_app_before_or_after_has_a_name_in_the_list_too(app, client):
    for column in ("name", "display_name"):
        values = {column: f"Written as {column}", "email": f"{column}@example.com"}
        with app.extensions["sqlalchemy"].engine.begin() as connection:
            connection.execute(insert(User.__table__).values(values))
    page = client.get("/").text
    assert "Written as name" in page and "Written as display_name" in page


def test_the_list_says_when_a_user_was_added_in_utc(client):
    client.post("/add", data=ADA)
    assert datetime.now(UTC).strftime("%Y-%m-%d") in client.get("/").text


def test_an_email_can_be_used_once_only(client):
    client.post("/add", data=ADA)
    answer = client.post("/add", data=ADA | {"email": "ADA@example.com"})
    assert answer.status_code == 409
    assert "already there" in answer.text


def test_a_wrong_field_is_shown_again_with_the_reason(client):
    answer = client.post("/add", data=ADA | {"email": "not an email"})
    assert answer.status_code == 422
    assert "not an email" in answer.text and "Invalid email address" in answer.text


def test_an_unknown_page_is_a_404(client):
    assert client.get("/nowhere").status_code == 404


def test_an_added_model_is_in_the_list_also_with_accuracy_0(client):
    assert client.post("/models/add", data=SPAM).status_code == 302
    assert "spam" in client.get("/models").text


def test_an_accuracy_outside_0_to_1_is_shown_again_with_the_reason(client):
    answer = client.post("/models/add", data=SPAM | {"accuracy": "1.5"})
    assert answer.status_code == 422
    assert "1.5" in answer.text and "from 0 to 1" in answer.text


def test_a_status_can_be_changed_to_a_known_one_only(client):
    client.post("/models/add", data=SPAM)
    assert client.post("/models/1/status", data={"status": "archived"}).status_code == 302
    answer = client.post("/models/1/status", data={"status": "retired"})
    assert answer.status_code == 422
    assert "is still archived" in answer.text
    assert client.post("/models/2/status", data={"status": "active"}).status_code == 404


def test_a_model_can_have_an_owner_who_is_a_user_and_notes(client):
    client.post("/add", data=ADA)
    notes = {"owner": "ADA@example.com", "notes": "Trained on Monday."}
    assert client.post("/models/add", data=SPAM | notes).status_code == 302
    page = client.get("/models").text
    assert "ada@example.com" in page and "Trained on Monday." in page


def test_an_unknown_owner_is_shown_again_with_the_reason(client):
    answer = client.post("/models/add", data=SPAM | {"owner": "nobody@example.com"})
    assert answer.status_code == 422
    assert "nobody@example.com" in answer.text and "No user has this email" in answer.text
