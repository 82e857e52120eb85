"""What test_round_trips.py cannot see from the tables: yours to extend."""

# {column: its values}, where a CHECK or a format allows only some.
# "{}" in a text becomes a number. All other columns get values of their type.
VALUES = {"status": ["active", "archived"]}

# {revision: columns, or whole tables, whose values it changes or drops on purpose},
# such as {"0011": ["users.nickname"]}. All other values have to survive.
ON_PURPOSE = {}

# {revision: (table, old column, new column)}, for a rename in several steps: from that revision
# on, each value is in the new column; before it, in either.
RENAMED = {}
