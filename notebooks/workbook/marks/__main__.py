"""The command: finds what was handed in, has it marked, prints the table.

Exit codes: 0 all that was handed in was marked (done or not yet); 1 something could
not be, and is named; 2 nothing to mark, or no such folder; 3 the files that the
marks depend on were changed meanwhile, so there are no marks.
"""
import argparse
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from workbook.marks.handed_in import collect
from workbook.marks.limits import harden
from workbook.marks.runs import Judges, Limits
from workbook.marks.table import Marks
from workbook.marks.watched import Watched


def main(arguments=None):
    options = parsed(arguments)
    if not options.folder.exists():
        return stop(f"There is no {options.folder}.")
    hand_ins, problems, others = collect(options.folder)
    if not hand_ins:
        no = f"There is no notebook of the workbook in {options.folder}, such as LEARNER/01_initial.ipynb."
        return stop("\n".join([*problems, no]))
    if options.csv and not options.csv.resolve().parent.is_dir():
        return stop(f"There is no folder for {options.csv}.")
    sys.dont_write_bytecode = True
    harden()
    outcomes, changed = run(hand_ins, options)
    if changed:
        return tampered(changed, outcomes[-1])
    marks = Marks(outcomes)
    print("", *marks.lines(), *problems, sep="\n")
    if others:
        print(f"No notebooks, left out: {', '.join(others[:10])}{' …' if len(others) > 10 else ''}")
    if options.csv:
        marks.write(options.csv)
    return 1 if problems or any(each.has_failed() for each in outcomes) else 0


def run(hand_ins, options):
    """(the Outcomes, the files that were changed meanwhile); it stops at the first that is."""
    files, outcomes = Watched(), []
    judges = Judges(Limits(options.seconds, options.memory, options.disk))
    with ThreadPoolExecutor(options.at_once) as pool:
        waiting = [pool.submit(judges.mark, each) for each in hand_ins]
        try:
            for done in as_completed(waiting):
                outcomes.append(done.result())
                print(progress(outcomes, waiting), flush=True)
                if changed := files.changed():
                    return outcomes, changed
        finally:
            pool.shutdown(cancel_futures=True)
    return outcomes, []


def parsed(arguments):
    parser = argparse.ArgumentParser(prog="tox -e marks --", description="Run what was handed in, and mark it.")
    parser.add_argument("folder", type=Path, help="with the notebooks, in any folders and zip files of it")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table to this file, too")
    parser.add_argument("--seconds", type=float, default=180, help="for one notebook (default: %(default)s)")
    parser.add_argument("--at-once", type=positive, default=2, metavar="N", help="notebooks (default: %(default)s)")
    parser.add_argument("--memory", type=positive, default=2048, metavar="MIB", help="for one (default: %(default)s)")
    parser.add_argument("--disk", type=positive, default=2048, metavar="MIB", help="for one (default: %(default)s)")
    return parser.parse_args(arguments)


def positive(text):
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def stop(reason):
    print(reason)
    return 2


def progress(outcomes, waiting):
    last = outcomes[-1]
    done = sum(state == "done" for state, _ in last.states.values())
    found = f"{done} of {len(last.states)} done ({last.seconds:.0f} s)"
    return f"{len(outcomes)} of {len(waiting)}  {last.hand_in.learner} {last.hand_in.name}: {found}"


def tampered(changed, last):
    print(f"\nNo marks: while notebooks ran, up to that of {last.hand_in.learner}, {len(changed)} files were changed:")
    print(*changed[:10], sep="\n")
    print("Restore them (git status, tox -r), and mark in a container or as another user: see notebooks/README.md.")
    return 3


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # the judges have got it, too
        sys.exit(130)
