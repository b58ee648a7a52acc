"""Starts pairs of programs in turns and says by how much they differ. Called by webstart.

    webstart.py ROUNDS OUT NAME=COMMAND...

OUT is a file for what is printed, or empty.
"""

import os
import statistics
import sys

import executables

GOAL_MS = 3.0

ENVIRONMENT = dict(
    executables.ENVIRONMENT,
    QUERY_STRING="a=b&name=zo%C3%AB+x",
    REQUEST_URI="/cgi-bin/hello?a=b&name=zo%C3%AB+x",
    HTTP_COOKIE="session=0123456789abcdef; theme=dark",
)


def measure(programs, rounds):
    """Wall and processor times by name, a pair for each round; each round begins with another."""
    times = {name: [] for name in programs}
    names = list(programs)
    for turn in range(executables.WARM_UP + rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            measured = executables.run(programs[name], ENVIRONMENT)
            if turn >= executables.WARM_UP:
                times[name].append(measured)
    return times


def interval(values):
    """The 95 % interval of the median, by the sign test: order statistics of the binomial."""
    ordered = sorted(values)
    reach = int(1.96 * len(ordered) ** 0.5 / 2) + 1
    middle = len(ordered) // 2
    return ordered[max(0, middle - reach)], ordered[min(len(ordered) - 1, middle + reach)]


def differences(times, version, what):
    return [
        web[what] - plain[what]
        for plain, web in zip(times["plain " + version], times["web " + version])
    ]


def report(programs, times, rounds, load):
    lines = [
        "# What postern-web adds to a cold start",
        "",
        "A CGI executable that reads a parameter of the query and a cookie with `Request`, beside one that",
        "takes `QUERY_STRING` and `Cookie` from the environ as they are. In a round each runs once. The",
        "difference is the median of the rounds' differences; the interval is that of the median, at 95 %.",
        "",
        f"Made by `benchmarks/webstart {rounds}` at commit {executables.commit()}: {rounds} rounds after",
        f"{executables.WARM_UP} that do not count; {executables.processor()}, {os.cpu_count()} processors,",
        f"load {load[0]:.1f} before and {os.getloadavg()[0]:.1f} after.",
        "",
        "| | without, ms | with, ms | difference, ms | interval | goal | reached | processor time more, ms | interval |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for version in ("17", "25"):
        if "web " + version not in times:
            lines.append(f"| JDK {version} | not measured: no such JDK here | | | | | | | |")
            continue
        plain, web = (
            statistics.median(wall for wall, _ in times[f"{kind} {version}"])
            for kind in ("plain", "web")
        )
        walls = differences(times, version, 0)
        low, high = interval(walls)
        processor = differences(times, version, 1)
        least, most = interval(processor)
        reached = "yes" if high <= GOAL_MS else "no" if low > GOAL_MS else "not known"
        lines.append(
            f"| JDK {version} | {plain:.1f} | {web:.1f} | {statistics.median(walls):.2f} "
            f"| {low:.2f} to {high:.2f} | ≤ {GOAL_MS:.0f} | {reached} "
            f"| {statistics.median(processor):.2f} | {least:.2f} to {most:.2f} |"
        )
    return "\n".join(lines) + "\n"


def main():
    rounds, out = int(sys.argv[1]), sys.argv[2]
    programs = {}
    for argument in sys.argv[3:]:
        name, command = argument.split("=", 1)
        programs[name] = command.split(" ")
    load = os.getloadavg()
    text = report(programs, measure(programs, rounds), rounds, load)
    print(text, end="")
    if out:
        executables.write(out, text)


if __name__ == "__main__":
    main()
