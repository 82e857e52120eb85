"""What all forms share: trimming, and checks that WTForms lacks. Nothing here needs editing."""
from flask import request
from flask_wtf import FlaskForm
from wtforms import FloatField
from wtforms.validators import StopValidation
from wtforms.widgets import TextInput


class TextForm(FlaskForm):
    """A form whose fields are texts: a file sent under a field's name is no input."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form, formdata):
            return request.form if request.method == "POST" else None


class DecimalTextField(FloatField):
    """A number typed as text: a browser's number field would show nothing in place of a wrong one."""

    widget = TextInput()

    def process_formdata(self, valuelist):
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("This is not a number.") from None


def trim(value):
    return value.replace("\r\n", "\n").strip() if value else value


def trim_or_none(value):
    return trim(value) or None


def lower(value):
    return value.lower() if value else value


def no_nul(form, field):
    """PostgreSQL cannot store this character, so nothing may be looked up with it."""
    if any("\0" in text for text in field.raw_data or ()):
        raise StopValidation("Text cannot contain the NUL character.")
