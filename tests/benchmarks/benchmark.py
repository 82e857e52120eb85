"""Measure what the workbook promises about speed and memory; each number has its goal beside it.

    tox -e benchmark                                 everything, at a million rows in each table
    tox -e benchmark -- --rows 10000 --runs 1        the same within a minute or two
    tox -e benchmark -- --only "postgresql 0005"     what has this in its name: a database, a migration,
                                                     pages, nothing to do, distinct names, commands, operations,
                                                     waits

The exit code says whether it could run, never whether a goal was met: numbers
depend on the machine, and only those taken side by side can be compared. A
plot of the times is written to build/benchmark.svg.
"""
import argparse
import logging
import os
import tempfile
import time
from statistics import median

from backups import operations
from hand_written import STEPS
from kinds import KINDS
from migrations import NO_GROWTH, has_writers, measured_steps
from others import distinct_names, flask_db_current, nothing_to_do, pages
from plot import save
from waits import place, waits

from workbook import postgres
from workbook.stages import ROOT

# The goals: MORE and WAIT are in seconds, MEMORY is in MiB, the others are ratios.
RATIO, MORE, MEMORY, PAGES, WARM, WAIT = 1.2, 0.050, 35, 1.2, 0.15, 0.050
MANY_USERS = 5  # times as many as the rows of the other measurements, where a writer waits beside 0009 on PostgreSQL
OTHERS = ["distinct names", "pages", "nothing to do", "commands", "operations", "waits"]
PLOT = ROOT / "build" / "benchmark.svg"


def main():
    options = arguments()
    start = time.monotonic()
    logging.disable(logging.CRITICAL)  # Alembic's lines are not what is shown here
    times = {}
    with postgres.server(), tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for kind in [kind(folder) for kind in KINDS]:
            times[kind.name] = dict(show_migrations(kind, options))
            show_others(kind, options)
            show_waits(kind, options)
    times = {name: found for name, found in times.items() if found}
    if times:
        save(times, PLOT, f"Migrations at {options.rows:,} rows in each table, median of {options.runs}")
        print(f"\nThe times as a plot: {PLOT.relative_to(ROOT).as_posix()}")
    print(f"Measured in {time.monotonic() - start:.0f} s.")


def arguments():
    parser = argparse.ArgumentParser(prog="tox -e benchmark --", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=at_least(1_000), default=1_000_000, help="rows in each table (at least 1000)")
    parser.add_argument("--runs", type=at_least(1), default=5, help="runs of each way, of which the median counts")
    parser.add_argument("--only", default="", metavar="NAME", help='what has NAME in it, such as "sqlite 0005 up"')
    options = parser.parse_args()
    names = [label(kind, name) for kind in KINDS for name in [step.name for step in STEPS] + OTHERS]
    if not any(options.only in name for name in names):
        parser.error(f"--only {options.only}: nothing is called so. The names are {', '.join(names)}.")
    return options


def at_least(least):
    def number(text):
        if (value := int(text)) < least:
            raise argparse.ArgumentTypeError(f"give {least} or more")
        return value

    return number


def label(kind, name):
    return f"{kind.name} {name}"


def show_migrations(kind, options):
    """Print one line for each migration; yields (its name, what the plot needs of it)."""
    steps = [step for step in STEPS if options.only in label(kind, step.name)]
    if not steps:
        return
    print(f"\n{kind.name}: migrations at {options.rows:,} rows in each table, median of {options.runs}")
    print(f"{'':10} {'ours':>8} {'by hand':>8} {'ratio':>6}  {'goal':20} {'growth':>6} {'MiB':>5}  {'goal':12} stall")
    for step, found in measured_steps(kind, steps, options.rows, options.runs):
        ratio = found.ours / found.by_hand
        more = found.ours - found.by_hand
        met = ratio <= RATIO or more <= MORE
        goal = f"{verdict(met)} {RATIO} or {MORE * 1000:.0f} ms"
        growth = f"{found.ours / found.tenth:5.1f}x" if found.ours > NO_GROWTH else "none"
        memory = f"{found.memory:5.1f}  {f'{verdict(found.memory <= MEMORY)} {MEMORY}':12}"
        stall = milliseconds(found.stall).strip() if found.stall is not None else "-"
        times = f"{milliseconds(found.ours)} {milliseconds(found.by_hand)}"
        print(f"{step.name:10} {times} {ratio:6.2f}  {goal:20} {growth:>6} {memory} {stall}", flush=True)
        yield step.name, (found.ours, found.by_hand, met)


def show_others(kind, options):
    if options.only in label(kind, "distinct names"):
        seconds = distinct_names(kind, options.rows)
        print(f"\n{kind.name}: 0005 up, every model_name distinct: {seconds:.1f} s (goal: seconds)", flush=True)
    if options.only in label(kind, "pages"):
        print(f"\n{kind.name}: list pages at {options.rows:,} rows beside 100 rows")
        for stage, path, many, few in pages(kind, options.rows):
            goal = f"{verdict(many <= few * PAGES)} {PAGES}"
            times = f"{milliseconds(many)} {milliseconds(few)} {many / few:6.2f}"
            print(f"{f'{stage} {path}':32} {times}  {goal}", flush=True)
    if options.only in label(kind, "nothing to do"):
        ours, stock = nothing_to_do(kind, options.rows)
        times = f"{milliseconds(ours).strip()}, stock env.py {milliseconds(stock).strip()}"
        print(f"\n{kind.name}: upgrade with nothing to do: {times}, ratio {ours / stock:.2f}", flush=True)
    if options.only in label(kind, "commands") and hasattr(os, "fork"):
        warm, cold = flask_db_current(kind)
        times = f"warm {milliseconds(warm).strip()}, cold {milliseconds(cold).strip()}, ratio {warm / cold:.2f}"
        print(f"\n{kind.name}: flask db current: {times}  {verdict(warm <= WARM * cold)} {WARM}", flush=True)
    if options.only in label(kind, "operations"):
        print(f"\n{kind.name}: backup, restore, rehearsal at {options.rows:,} rows, median of {options.runs}")
        for what, seconds in operations(kind, options.rows, options.runs):
            ratios = [f"{way} {milliseconds(s).strip()} ({seconds['ours'] / s:.1f})" for way, s in seconds.items()]
            print(f"{what:20} {', '.join(ratios)}", flush=True)


def show_waits(kind, options):
    if options.only not in label(kind, "waits"):
        return
    rows = options.rows * (MANY_USERS if kind.name == "postgresql" else 1)
    where = " (data in memory)" if kind.name == "postgresql" and place(rows) else ""
    print(f"\n{kind.name}{where}: the longest wait of those who write while {rows:,} users get a display_name")
    print(f"{'meanwhile':12} {'takes':>6}  {'who writes':10} {'longest':>9} {'median':>9} {'writes':>8}  over {WAIT} s")
    for meanwhile, taken, sessions in waits(kind, rows):
        longest = max(max(seconds) for seconds in sessions.values())
        for who, seconds in sessions.items():
            times = f"{milliseconds(max(seconds)):>9} {milliseconds(median(seconds)):>9} {len(seconds):8,}"
            print(f"{meanwhile:12} {taken:4.0f} s  {who:10} {times}  {sum(each > WAIT for each in seconds):,}")
        if meanwhile == "0009" and has_writers(kind):
            print(f"{'':22}{verdict(longest <= WAIT)} {milliseconds(WAIT).strip()}", flush=True)


def verdict(met):
    return "met   " if met else "MISSED"


def milliseconds(seconds):
    return f"{seconds * 1000:{'5,.0f' if seconds >= 0.01 else '5.1f'}} ms"


if __name__ == "__main__":
    main()
