# Alembic's settings. Nothing here needs editing: env.py takes the database's
# address from the app, and sets up what is logged.

[alembic]
file_template = %%(rev)s_%%(slug)s
path_separator = os
