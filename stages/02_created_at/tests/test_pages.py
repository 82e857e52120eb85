"""The pages, on a migrated database."""
from datetime import UTC, datetime

ADA = {"name": "Ada Okafor", "email": "ada@example.com"}


def test_an_added_user_is_in_the_list(client):
    assert client.post("/add", data=ADA).status_code == 302
    assert "ada@example.com" in client.get("/").text


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
