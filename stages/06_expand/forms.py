"""The forms: what a person may enter, checked before it reaches the database."""
from wtforms import EmailField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Email, InputRequired, Length, NumberRange

from models import User, db
from validation import DecimalTextField, TextForm, lower, no_nul, trim, trim_or_none


class UserForm(TextForm):
    # The field keeps its name: a page that was open during the deploy is still sent with it.
    name = StringField("Name", filters=[trim], validators=[no_nul, DataRequired(), Length(max=100)])
    email = EmailField(
        "Email", filters=[trim, lower], validators=[no_nul, DataRequired(), Length(max=120), Email()]
    )


class ModelForm(TextForm):
    model_name = StringField("Model name", filters=[trim], validators=[no_nul, DataRequired(), Length(max=100)])
    accuracy = DecimalTextField(
        "Accuracy",
        description="A number from 0 to 1, such as 0.93.",
        render_kw={"inputmode": "decimal"},
        # InputRequired looks at what was typed; DataRequired would refuse 0.
        validators=[no_nul, InputRequired(), NumberRange(min=0, max=1, message="Enter a number from 0 to 1.")],
    )
    version = StringField(
        "Version (optional)", filters=[trim_or_none], validators=[no_nul, Length(max=20)]
    )
    owner = StringField(
        "Owner (optional)",
        description="The email of a user who is in the list.",
        filters=[trim, lower],
        validators=[no_nul, Length(max=120)],
    )
    notes = TextAreaField("Notes (optional)", filters=[trim_or_none], validators=[no_nul, Length(max=10_000)])

    def validate_owner(self, field):
        self.owner_row = db.session.scalar(db.select(User).filter_by(email=field.data)) if field.data else None
        if field.data and not self.owner_row:
            raise ValidationError("No user has this email.")


class StatusForm(TextForm):
    status = SelectField("Status", choices=["active", "archived"], validators=[no_nul])
