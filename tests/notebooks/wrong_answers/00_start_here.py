"""Wrong but plausible answers to the exercises of 00_start_here, and a part of what each is told."""

RIGHT = {
    "flask db heads": ["scripts"],
    "flask db current": ["database"],
    "flask db upgrade": ["scripts", "database"],
    "flask db check": ["models", "database"],
}

WRONG = {
    "who-is-asked": [
        (f"answers = {RIGHT | {'flask db heads': ['database']}}", "no database is there at all"),
        (f"answers = {RIGHT | {'flask db current': ['scripts']}}", "applied to it"),
        (f"answers = {RIGHT | {'flask db upgrade': ['models', 'database']}}", "Where does it read them"),
        (f"answers = {RIGHT | {'flask db check': ['models', 'scripts']}}", "without a script in between"),
        (f"answers = {RIGHT | {'flask db check': ['tables']}}", 'use "models"'),
    ],
}
