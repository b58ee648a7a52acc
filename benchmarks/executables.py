"""Starts programs in turns and prints how long each took. Called by executables.sh.

    executables.py ROUNDS NAME=COMMAND...
"""

import os
import platform
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

# (what, against what, at most)
GOALS = [
    ("cold 25", "bare 25", 1.0),
    ("cold 17", "bare 17", 1.1),
    ("cold 25", "wsgiref", 1.5),
    ("warm 25", "cold 25", 0.1),
    ("warm 25", "perl", 2.0),
]


def run(command):
    """One start, from fork to the end of output and process: wall and processor time in ms."""
    reading, writing = os.pipe()
    began = time.perf_counter()
    pid = os.posix_spawn(
        command[0],
        command,
        ENVIRONMENT,
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


def processor():
    with open("/proc/cpuinfo", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    rounds = int(sys.argv[1])
    programs = {}
    for argument in sys.argv[2:]:
        name, command = argument.split("=", 1)
        programs[name] = command.split(" ")
    times = {name: [] for name in programs}
    for turn in range(WARM_UP + rounds):
        for name, command in programs.items():
            measured = run(command)
            if turn >= WARM_UP:
                times[name].append(measured)

    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    commit = subprocess.run(
        ["git", "-C", os.path.dirname(os.path.abspath(__file__)), "log", "-1", "--format=%h"],
        capture_output=True, text=True, check=False).stdout.strip()
    print(f"{rounds} rounds in turns after {WARM_UP}; {processor()}, {os.cpu_count()} processors, "
          f"Linux {platform.release()}, load {load} at the end; commit {commit}\n")
    print("| program | median ms | lowest ms | processor ms, median |")
    print("|---|---|---|---|")
    medians = {}
    for name, measured in times.items():
        medians[name] = statistics.median(wall for wall, _ in measured)
        print(f"| {name} | {medians[name]:.2f} | {min(wall for wall, _ in measured):.2f} "
              f"| {statistics.median(cpu for _, cpu in measured):.2f} |")
    print("\n| | against | ratio of medians | goal |")
    print("|---|---|---|---|")
    for what, against, most in GOALS:
        if what in medians and against in medians:
            print(f"| {what} | {against} | {medians[what] / medians[against]:.2f} | ≤ {most} |")


main()
