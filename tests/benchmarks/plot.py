"""The seconds of each migration in one run, beside those of hand-written SQL."""
from matplotlib.figure import Figure
from matplotlib.patches import Patch

MET, MISSED, BY_HAND = "#0550ae", "#bc4c00", "#8c959f"


def save(times, path, title):
    """Write the plot to `path`; `times` is {database: {migration: (seconds, seconds by hand, goal met or not)}}."""
    height = 1.5 + 0.36 * max(map(len, times.values()))
    figure = Figure(figsize=(5 * len(times), height), layout="constrained")
    figure.suptitle(title)
    for axes, (database, found) in zip(figure.subplots(1, len(times), squeeze=False)[0], times.items()):
        ours, by_hand, met = zip(*found.values())
        places = range(len(found))
        colours = [MET if each else MISSED for each in met]
        bars = axes.barh([place - 0.2 for place in places], ours, 0.4, color=colours)
        axes.bar_label(bars, [f"{mine / theirs:.2f}" for mine, theirs in zip(ours, by_hand)], padding=3)
        axes.barh([place + 0.2 for place in places], by_hand, 0.4, color=BY_HAND)
        axes.set(title=f"{database}: seconds, and their ratio", yticks=places, yticklabels=list(found))
        axes.margins(x=0.15)
        axes.invert_yaxis()  # the first migration on top
        axes.spines[["top", "right"]].set_visible(False)
    names = {"migration": MET, "migration that misses its goal": MISSED, "hand-written SQL": BY_HAND}
    handles = [Patch(color=colour, label=name) for name, colour in names.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path)
