"""Plots of what was measured in this run.

Their numbers differ from run to run, so a plot is an image/png, which nbval does
not compare, and its text twin says only what holds in every run.
"""
import base64
import io
import logging


class Bars:
    """Bar charts side by side. `charts` is {what is measured: {label: value}}, `twin` the text twin."""

    def __init__(self, charts, twin):
        self.charts, self.twin = charts, twin

    def __repr__(self):
        return self.twin

    def _repr_mimebundle_(self, include=None, exclude=None):
        png = base64.b64encode(self.png()).decode()
        return {"text/plain": self.twin, "image/png": png}, {"image/png": {"alt": self.twin}}

    def png(self):
        # The first plot on a slow machine would say on stderr that fonts are looked for.
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
        from matplotlib.figure import Figure  # half a second, for the notebooks that plot

        figure = Figure(figsize=(9, 2.6), layout="constrained")
        for chart, axes in zip(self.charts.items(), figure.subplots(1, len(self.charts), squeeze=False)[0]):
            name, values = chart
            bars = axes.barh(list(values), list(values.values()), color="#0550ae")
            axes.bar_label(bars, fmt="%.3g", padding=4)
            axes.set(title=name, xlim=(0, max(values.values()) * 1.2))
            axes.invert_yaxis()  # the first one on top
            axes.spines[["top", "right"]].set_visible(False)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=100)
        return file.getvalue()
