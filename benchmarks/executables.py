"""Starts programs in turns and says how long each took. Called by executables.sh.

    executables.py ROUNDS OUT NAME=COMMAND...

OUT is a file for what is printed, or empty.
"""

import glob
import os
import platform
import re
import statistics
import subprocess
import sys
import time

WARM_UP = 20

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LC_ALL": "C",
    "GATEWAY_INTERFACE": "CGI/1.1",
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "/cgi-bin/hello",
    "PATH_INFO": "",
    "QUERY_STRING": "",
    "REQUEST_URI": "/cgi-bin/hello",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "localhost",
    "HTTP_USER_AGENT": "benchmark",
    "HTTP_ACCEPT": "*/*",
}

TITLES = {
    "bare 17": "bare `java -cp hello.jar Hello`, JDK 17, default flags",
    "bare 25": "bare `java -cp hello.jar Hello`, JDK 25, default flags",
    "least 25": "the same with the flags that start soonest: what a JVM takes at the least",
    "cold 17": "cold hello, JDK 17",
    "cold 25": "cold hello, JDK 25",
    "warm 25": "warm hello, JDK 25",
    "warm perl 25": "warm hello, JDK 25, without a C compiler",
    "wsgiref": "Python's wsgiref CGIHandler",
    "perl": "a Perl hello",
}

# (what, against what, at most, or None for what is only to be known)
GOALS = [
    ("cold 25", "bare 25", 1.0),
    ("cold 17", "bare 17", 1.1),
    ("cold 25", "wsgiref", 1.5),
    ("least 25", "wsgiref", None),
    ("warm 25", "cold 25", 0.1),
    ("warm 25", "perl", 2.0),
    ("warm perl 25", "cold 25", 0.1),
    ("warm perl 25", "perl", 2.0),
    ("perl", "cold 25", None),
]


def run(command, environment=None):
    """One start, from fork to the end of output and process: wall and processor time in ms."""
    reading, writing = os.pipe()
    began = time.perf_counter()
    pid = os.posix_spawn(
        command[0],
        command,
        environment or ENVIRONMENT,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, writing, 1),
            (os.POSIX_SPAWN_CLOSE, reading),
            (os.POSIX_SPAWN_CLOSE, writing),
        ],
    )
    os.close(writing)
    output = b""
    while block := os.read(reading, 65536):
        output += block
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    os.close(reading)
    if status != 0 or not output.endswith(b"\r\n\r\nHello\n"):
        sys.exit(f"{command[0]} answered {output!r} and ended with {status}")
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def measure(programs, rounds):
    """Times by name, a pair for each round; each round begins with another program."""
    times = {name: [] for name in programs}
    names = list(programs)
    for turn in range(WARM_UP + rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            measured = run(programs[name])
            if turn >= WARM_UP:
                times[name].append(measured)
        warm = sum(name.startswith("warm") for name in names)
        if turn == WARM_UP and len(glob.glob("lib/run/*/*.sock")) < warm:
            sys.exit("a warm executable has no server")
    return times


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def processor():
    with open("/proc/cpuinfo", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def commit():
    here = os.path.dirname(os.path.abspath(__file__))
    name = output_of("git", "-C", here, "log", "-1", "--format=%h")
    changed = output_of("git", "-C", here, "status", "--porcelain", "--untracked-files=no")
    return name + (" and changes" if changed else "")


def versions(programs):
    found = []
    for name, command in programs.items():
        if name.startswith("bare"):
            match = re.search(r"Runtime Environment (.*)", output_of(command[0], "-version"))
            found.append("JDK " + name.split(" ")[1] + " is " + match.group(1).strip("()"))
    found.append(output_of("/usr/bin/python3", "--version"))
    found.append("Perl " + output_of("/usr/bin/perl", "-e", "print $^V").lstrip("v"))
    return "; ".join(found)


def quartiles(values):
    low, _, high = statistics.quantiles(values, n=4)
    return low, high


def report(programs, times, rounds, load):
    lines = [
        "# How long a CGI executable takes",
        "",
        "One request, from the start of the program to its end: a handler that says hello, installed by",
        "`postern install`. In a round each program runs once, so that all share whatever the machine",
        "does meanwhile. A ratio is the median of the rounds' ratios, with its quartiles. The stub of the",
        "warm executable is C, and Perl alone where no C compiler was found when it was installed.",
        "",
        f"Made by `benchmarks/executables.sh {rounds}` at commit {commit()}: {rounds} rounds after",
        f"{WARM_UP} that do not count; {processor()}, {os.cpu_count()} processors, Linux",
        f"{platform.release()}, load {load[0]:.1f} before and {os.getloadavg()[0]:.1f} after.",
        versions(programs) + ".",
        "",
        "| | against | ratio | quartiles | goal | reached |",
        "|---|---|---|---|---|---|",
    ]
    for what, against, most in GOALS:
        start = f"| {TITLES[what]} | {TITLES[against]} |"
        if what not in times or against not in times:
            lines.append(f"{start} not measured: no such JDK here | | | |")
            continue
        ratios = [a[0] / b[0] for a, b in zip(times[what], times[against])]
        ratio = statistics.median(ratios)
        low, high = quartiles(ratios)
        goal = "| |" if most is None else f"| ≤ {most} | {'yes' if ratio <= most else 'no'} |"
        lines.append(f"{start} {ratio:.3f} | {low:.3f}–{high:.3f} {goal}")
    lines += [
        "",
        "| program | median ms | quartiles | lowest | processor ms, median |",
        "|---|---|---|---|---|",
    ]
    for name, measured in times.items():
        walls = [wall for wall, _ in measured]
        low, high = quartiles(walls)
        cpu = statistics.median(cpu for _, cpu in measured)
        lines.append(
            f"| {TITLES[name]} | {statistics.median(walls):.1f} | {low:.1f}–{high:.1f} "
            f"| {min(walls):.1f} | {cpu:.1f} |"
        )
    return "\n".join(lines) + "\n"


def write(out, text):
    """What people wrote below the figures stays."""
    kept = ""
    if os.path.exists(out):
        with open(out, encoding="utf-8") as old:
            found = re.search(r"^## .*", old.read(), re.MULTILINE | re.DOTALL)
            kept = "\n" + found.group(0) if found else ""
    with open(out, "w", encoding="utf-8") as new:
        new.write(text + kept)


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
        write(out, text)


if __name__ == "__main__":
    main()
