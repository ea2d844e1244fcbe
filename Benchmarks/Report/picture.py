"""The picture of growth: cost of a change by records in scope, as SVG."""
import math

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 80, 150, 56, 64
COLOURS = ("#1b6ca8", "#c2571a", "#2d7d46", "#7a3e9d")


def nice(limit):
    """A step that makes about five lines up to the limit."""
    step = 10 ** math.floor(math.log10(limit / 5))
    return next(step * factor for factor in (1, 2, 5, 10) if limit / (step * factor) <= 6)


def growth(sizes, lines, up):
    """`lines` are (label, microseconds for each size)."""
    most = max(value for _, values in lines for value in values)
    step = nice(most)
    top = step * up(most / step)

    def x(size):
        span = math.log10(sizes[-1]) - math.log10(sizes[0])
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(size) - math.log10(sizes[0])) / span

    def y(value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="14" role="img">',
        "<title>Cost of a change by records in scope</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="28" font-size="16" fill="#222222">Cost of one of 100 changes in an '
        "exchange, microseconds</text>",
    ]
    for place in range(round(top / step) + 1):
        value = place * step
        parts.append(
            f'<line x1="{LEFT}" y1="{y(value):.1f}" x2="{WIDTH - RIGHT}" y2="{y(value):.1f}" '
            'stroke="#dddddd"/>')
        parts.append(
            f'<text x="{LEFT - 8}" y="{y(value) + 5:.1f}" text-anchor="end" fill="#444444">'
            f"{value:g}</text>")
    for size in sizes:
        parts.append(
            f'<text x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 24}" text-anchor="middle" '
            f'fill="#444444">{size:,}</text>'.replace(",", " "))
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="{HEIGHT - 14}" text-anchor="middle" '
        'fill="#222222">records in scope</text>')
    labels = spread([(y(values[-1]), place) for place, (_, values) in enumerate(lines)])
    for place, (label, values) in enumerate(lines):
        colour = COLOURS[place % len(COLOURS)]
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in zip(sizes, values))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        for size, value in zip(sizes, values):
            parts.append(f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="4" fill="{colour}"/>')
        parts.append(
            f'<text x="{WIDTH - RIGHT + 12}" y="{labels[place] + 5:.1f}" fill="{colour}">{label}, '
            f"{values[-1]:.0f}</text>")
    return "\n".join(parts + ["</svg>"]) + "\n"


def spread(wanted, apart=18):
    """Heights of the labels by place, none upon another."""
    placed, last = {}, -math.inf
    for height, place in sorted(wanted):
        last = max(height, last + apart)
        placed[place] = last
    return placed
