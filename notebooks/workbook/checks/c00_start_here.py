"""Checkers of 00_start_here."""
from workbook.checks import checker

ASKED = {
    "flask db heads": ("scripts",),
    "flask db current": ("database",),
    "flask db upgrade": ("scripts", "database"),
    "flask db check": ("models", "database"),
}
HELP = {
    "flask db heads": "it names the newest scripts, and works when no database is there at all.",
    "flask db current": "which of the three knows what has been applied to it? The word (head) is only a remark.",
    "flask db upgrade": "it runs the steps that are not applied. Where does it read them, and where does it run them?",
    "flask db check": "it finds what a model has and a table lacks, without a script in between.",
}


@checker
def who_is_asked(answers):
    for command, right in ASKED.items():
        given = answers.get(command)
        if not given:
            return f"{command}: no answer yet."
        if set(given) - {"models", "scripts", "database"}:
            return f'{command}: use "models", "scripts" and "database".'
        if set(given) != set(right):
            return f"{command}: {HELP[command]}"
