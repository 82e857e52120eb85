# Alembic's settings. Nothing here needs editing: env.py takes the database's
# address from the app, and the ids of revisions come from `--rev-id`.

[alembic]
file_template = %%(rev)s_%%(slug)s
path_separator = os

[loggers]
keys = root,alembic,plugins,flask_migrate

[handlers]
keys = console

[formatters]
keys = short

# The root logger belongs to the app: it is left as it is.
[logger_root]
handlers =

[logger_alembic]
level = INFO
handlers = console
propagate = 0
qualname = alembic

[logger_plugins]
level = WARNING
handlers =
qualname = alembic.runtime.plugins

[logger_flask_migrate]
level = INFO
handlers = console
propagate = 0
qualname = flask_migrate

[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = short

[formatter_short]
format = %(levelname)-5.5s [%(name)s] %(message)s
