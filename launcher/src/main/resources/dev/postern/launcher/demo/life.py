"""Conway's Life as an animation without a script.

Each generation is one block of the response, flushed when it is ready; the style sheet shows the
last one that has come. Leave the page, and the program is ended. ?preview leaves the heading out.
"""

import os
import sys
import time

WIDTH, HEIGHT, GENERATIONS = 72, 36, 150

HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Life</title>
<link rel="stylesheet" href="/demo/demo.css">
<body class="leaf">
"""

HEADING = """<p class="back"><a href="/">&larr; Postern</a></p>
<h1>Life</h1>
<p>streamed by Python: one generation, one flush. There is no script on this page.</p>
"""


def neighbours(x, y):
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            if dx or dy:
                yield (x + dx) % WIDTH, (y + dy) % HEIGHT


def step(alive):
    counts = {}
    for cell in alive:
        for near in neighbours(*cell):
            counts[near] = counts.get(near, 0) + 1
    return {cell for cell, n in counts.items() if n == 3 or n == 2 and cell in alive}


def drawn(alive):
    """Two rows of cells to one row of text: upper and lower half blocks."""
    blocks = " \u2580\u2584\u2588"
    return "\n".join(
        "".join(blocks[((x, y) in alive) + 2 * ((x, y + 1) in alive)] for x in range(WIDTH))
        for y in range(0, HEIGHT, 2)
    )


def write(text):
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def main():
    write("Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\r\n" + HEAD)
    preview = os.environ["QUERY_STRING"] == "preview"
    write('<div class="life small">\n' if preview else HEADING + '<div class="life">\n')
    # A quarter of the cells, without the many modules that random imports.
    noise = os.urandom(WIDTH * HEIGHT)
    alive = {(i % WIDTH, i // WIDTH) for i, byte in enumerate(noise) if byte < 64}
    for generation in range(1, GENERATIONS + 1):
        write(f"<pre>{drawn(alive)}\n\ngeneration {generation}, {len(alive)} alive</pre>\n")
        alive = step(alive)
        time.sleep(0.1)
    write("</div>\n</body>\n</html>\n")


try:
    main()
except BrokenPipeError:
    sys.stderr.close()
