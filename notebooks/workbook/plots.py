"""Plots of what was measured in this run.

Their numbers differ from run to run: the image has the class `measured`, by which sanitize.cfg knows what not to
compare, and its text twin says only what holds in every run.
"""
import math

from workbook.pictures import BORDER, CHAR, HERE, INK, PALE, Picture, drawing, text_at

ROW, THICK, LONGEST = 34, 24, 260  # pixels from one bar to the next, of a bar, and of the longest one


class Bars(Picture):
    """Bar charts side by side. `charts` is {what is measured: {label: value of 0 or more}}, `twin` the text twin."""

    kind = ' class="measured"'

    def __init__(self, charts, twin):
        self.charts, self.twin = charts, twin

    def __repr__(self):
        return self.twin

    def text(self):
        return self.twin

    def svg(self):
        parts, left, height = [], 16, 0
        for title, values in self.charts.items():
            drawn, width = chart(title, values, left)
            parts += drawn
            left += width + 24
            height = max(height, 84 + ROW * len(values))
        return drawing(left, height, parts)


def chart(title, values, left):
    """(the parts of one chart, its width in pixels). Below the bars is a scale, so that they can be compared."""
    most = max(values.values()) or 1
    zero, bottom = left + (max(map(len, values)) + 1) * CHAR, 44 + ROW * len(values)
    parts = [text_at(left, 28, title, INK, bold=True)]
    for row, (label, value) in enumerate(values.items()):
        top, long = 44 + ROW * row, value / most * LONGEST
        parts.append(text_at(left, top + 17, label, INK))
        parts.append(f"<rect x='{zero:.0f}' y='{top}' width='{long:.1f}' height='{THICK}' fill='{HERE}'/>")
        parts.append(text_at(zero + long + 8, top + 17, number(value), INK))
    line = f"stroke='{BORDER}'/>"
    parts.append(f"<path d='M{zero:.0f} 40 V{bottom} H{zero + LONGEST:.0f}' fill='none' {line}")
    for mark in scale(most):
        x = zero + mark / most * LONGEST
        parts.append(f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{bottom}' y2='{bottom + 5}' {line}")
        parts.append(text_at(x - len(number(mark)) * CHAR / 2, bottom + 22, number(mark), PALE))
    beside = 8 + max(len(number(value)) for value in values.values()) * CHAR
    return parts, max(zero - left + LONGEST + beside, len(title) * CHAR)


def scale(most):
    """Three to six round numbers from 0 up to `most`."""
    power = 10 ** math.floor(math.log10(most))
    step = next(part * power for part in (0.2, 0.5, 1, 2) if most <= 5 * part * power)
    return [step * count for count in range(math.floor(most / step + 1e-9) + 1)]


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
