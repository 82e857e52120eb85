"""The forms: what a person may enter, checked before it reaches the database."""
from wtforms import EmailField, StringField
from wtforms.validators import DataRequired, Email, Length

from validation import TextForm, lower, no_nul, trim


class UserForm(TextForm):
    name = StringField("Name", filters=[trim], validators=[no_nul, DataRequired(), Length(max=100)])
    email = EmailField(
        "Email", filters=[trim, lower], validators=[no_nul, DataRequired(), Length(max=120), Email()]
    )
