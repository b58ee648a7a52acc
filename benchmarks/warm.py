"""Compares warm programs with what else runs them, in turns on loopback. Called by `compare --warm`.

    warm.py LAUNCHER JDK COMMIT [--rounds N] [--seconds N] [--only PROGRAM,…] [--out FILE] [--jdk17 HOME]

Each server has a configuration of its own in a directory that is removed at the end. A server or a program that is not
installed is said, and passed over. A rate is the median of all rounds at 8 connections; a ratio is taken within each
round, and its median is told with its 95 % interval, which has to touch the goal. Processor time is that of the JVM alone, by /proc.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

MODULES = "/usr/lib/apache2/modules"
CGI_BIN = "/usr/lib/cgi-bin"
GITWEB = "/usr/share/gitweb/gitweb.cgi"

PROGRAMS = {
    "cgipm.pl": """#!/usr/bin/perl
use strict; use warnings; use CGI;
my $q = CGI->new;
print $q->header('text/html'), $q->start_html('t'), $q->h1('Hello'), $q->p(scalar $q->param('a')), $q->end_html;
""",
    "dbi.pl": """#!/usr/bin/perl
use strict; use warnings; use CGI; use DBI; use Template;
my $q = CGI->new;
my $dbh = DBI->connect('dbi:SQLite:dbname=@ROOT@/t.db', '', '', { RaiseError => 1 });
my $rows = $dbh->selectall_arrayref('select id, name from t', { Slice => {} });
print $q->header('text/html');
Template->new->process(\\"<ul>[% FOREACH r IN rows %]<li>[% r.id %] [% r.name %]</li>[% END %]</ul>\\n", { rows => $rows }) or die;
""",
    "hello.pl": """#!/usr/bin/perl
print "Content-Type: text/plain\\n\\nHello\\n";
""",
    "hello.py": """#!/usr/bin/python3
print("Content-Type: text/plain\\n\\nHello")
""",
    "heavy.py": """#!/usr/bin/python3
import warnings; warnings.simplefilter('ignore')
import json, sqlite3, email.message, cgi, html
form = cgi.FieldStorage()
db = sqlite3.connect(':memory:')
print("Content-Type: application/json\\n")
print(json.dumps({'a': html.escape(form.getfirst('a', '')), 'v': db.execute('select 1').fetchone()}))
""",
}

WSGI = """def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'Hello\\n']
"""
PSGI = "sub { [200, ['Content-Type' => 'text/plain'], [\"Hello\\n\"]] };\n"

# (what, server, against, at least or None for what is only to be known); "best" is the best host that spawns.
GOALS = [
    ("cgipm.pl", "fork", "cgid", 6), ("dbi.pl", "fork", "cgid", 7), ("hello.py", "fork", "cgid", 6),
    ("heavy.py", "fork", "cgid", 10), ("awstats.pl", "fork", "cgid", 7), ("hgweb.cgi", "fork", "cgid", 6),
    ("gitweb.cgi", "fork", "cgid", 2), ("hello.pl", "fork", "spawn", 1.3), ("hello.pl", "fork", "best", 0.8),
    ("cgipm.pl", "reuse", "fork", 4), ("wsgi", "wsgi", "mod_wsgi", 0.5), ("psgi", "psgi", "starman", None),
    ("cgipm.pl", "fork", "registry", None), ("dbi.pl", "fork", "registry", None), ("cgipm.pl", "reuse", "registry", None),
    ("cgipm.pl", "fork17", "fork", 0.7), ("hello.py", "fork17", "fork", 0.7),
]
SPAWNING = ["spawn", "cgid", "lighttpd"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Site:
    """The programs, and what they read."""

    def __init__(self, root):
        self.root, self.bin = root, os.path.join(root, "cgi-bin")
        os.mkdir(self.bin)
        self.paths, self.environment = {}, {"HOME": root}
        for name, text in PROGRAMS.items():
            self.write(name, text.replace("@ROOT@", root))
        for name, text in (("hello.wsgi", WSGI), ("hello.psgi", PSGI)):
            with open(os.path.join(root, name), "w") as file:
                file.write(text)
        self.database()
        for add in (self.gitweb, self.awstats, self.hgweb):
            try:
                add()
            except (OSError, subprocess.CalledProcessError) as error:
                say("passed over: %s: %s" % (add.__name__, error))
        if os.geteuid() == 0:
            # Servers that root starts give that up for their programs. Where anybody may write, ours runs none.
            subprocess.run(["chmod", "-R", "a+rwX", root], check=True)
            subprocess.run(["chmod", "go-w", root], check=True)
            subprocess.run(["chmod", "-R", "go-w", self.bin], check=True)

    def write(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)
        self.paths[name] = name + ("?a=1" if name in PROGRAMS else "")

    def database(self):
        import sqlite3
        with sqlite3.connect(os.path.join(self.root, "t.db")) as db:
            db.execute("create table t(id integer, name text)")
            db.executemany("insert into t values(?, ?)", [(i, "name%d" % i) for i in range(20)])

    def run(self, *command):
        subprocess.run(command, cwd=self.root, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env=dict(os.environ, HOME=self.root, GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory",
                                GIT_CONFIG_VALUE_0="*"))

    def gitweb(self):
        text = open(GITWEB).read()
        self.run("git", "init", "-q", "r.git")
        for text_of_file in ("one", "two"):
            with open(os.path.join(self.root, "r.git", "a.txt"), "w") as file:
                file.write(text_of_file)
            self.run("git", "-C", "r.git", "add", ".")
            self.run("git", "-C", "r.git", "-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qm", text_of_file)
        with open(os.path.join(self.root, "gitweb.conf"), "w") as file:
            file.write("$projectroot = '%s'; 1;\n" % self.root)
        self.write("gitweb.cgi", text)
        self.paths["gitweb.cgi"] = "gitweb.cgi?p=r.git/.git;a=summary"
        self.environment.update(GITWEB_CONFIG=os.path.join(self.root, "gitweb.conf"), GIT_CONFIG_COUNT="1",
                                GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")

    def awstats(self):
        text = open(os.path.join(CGI_BIN, "awstats.pl"), encoding="latin-1").read()
        with open(os.path.join(self.root, "access.log"), "w") as file:
            file.write('127.0.0.1 - - [10/Oct/2025:13:55:36 +0000] "GET /x HTTP/1.0" 200 2326 "-" "M"\n')
        with open(os.path.join(self.root, "awstats.t.conf"), "w") as file:
            file.write('LogFile="%s/access.log"\nLogFormat=1\nSiteDomain="t"\nDirData="%s"\nHostAliases="t"\nDNSLookup=0\n'
                       'AllowToUpdateStatsFromBrowser=0\n' % (self.root, self.root))
        self.run(os.path.join(CGI_BIN, "awstats.pl"), "-config=t", "-update", "-configdir=" + self.root)
        path = os.path.join(self.bin, "awstats.pl")
        with open(path, "w", encoding="latin-1") as file:
            file.write(text)
        os.chmod(path, 0o755)
        self.paths["awstats.pl"] = "awstats.pl?config=t&configdir=%s&year=2025&month=10&framename=mainright" % self.root
        self.environment["AWSTATS_ENABLE_CONFIG_DIR"] = self.root

    def hgweb(self):
        self.run("hg", "init", "repo")
        with open(os.path.join(self.root, "repo", "a.txt"), "w") as file:
            file.write("one\n")
        self.run("hg", "-R", "repo", "add", "repo/a.txt")
        self.run("hg", "-R", "repo", "commit", "-u", "u", "-m", "first", "-d", "0 0")
        self.write("hgweb.cgi", "#!/usr/bin/python3\nfrom mercurial import demandimport; demandimport.enable()\n"
                   "from mercurial.hgweb import hgweb, wsgicgi\nwsgicgi.launch(hgweb(b'%s/repo', b'repo'))\n" % self.root)
        self.environment["HGRCPATH"] = "/dev/null"


class Server:
    def __init__(self, name, command, port, cwd):
        self.name, self.port = name, port
        self.log = open(os.path.join(cwd, name + ".log"), "wb")
        self.process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        start_new_session=True)

    def wait(self, path):
        for _ in range(600):
            if self.process.poll() is not None:
                break
            try:
                urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.port, path), timeout=30).read()
                return True
            except OSError as error:
                if isinstance(error, urllib.error.HTTPError):
                    return True
                time.sleep(0.1)
        return False

    def work(self):
        """Processor seconds of this process alone."""
        fields = open("/proc/%d/stat" % self.process.pid).read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()


def postern(site, jdk, launcher, name):
    port = free_port()
    command = [jdk + "/bin/java", "-Xmx128m"]
    if re.search(r'^JAVA_VERSION="(2[2-9]|[3-9])', open(jdk + "/release").read(), re.M):
        command.append("--enable-native-access=ALL-UNNAMED")
    command += ["-cp", launcher, "dev.postern.launcher.Main", "serve", "--port", str(port), "--quiet"]
    for mount in ("fork", "spawn", "reuse"):
        command += ["--cgi-dir", "/%s=%s" % (mount, site.bin)]
    command += ["--worker", "reuse=mode:reuse,processes:8", "--delegate", "/reuse/**=reuse", "--warm", "/fork/**"]
    command += ["--worker", "app=processes:2", "--delegate", "/wsgi=app", "--delegate", "/psgi=app"]
    command += ["--wsgi", "/wsgi=%s/hello.wsgi" % site.root, "--psgi", "/psgi=%s/hello.psgi" % site.root]
    for pair in site.environment.items():
        command += ["--env", "%s=%s" % pair]
    return Server(name, command, port, site.root)


def apache(site, name, modules, text):
    port = free_port()
    home = os.path.join(site.root, name)
    os.mkdir(home)
    loaded = ["mpm_" + ("prefork" if name == "registry" else "event"), "authz_core", "alias", "env"] + modules
    missing = [m for m in loaded if not os.path.exists("%s/mod_%s.so" % (MODULES, m))]
    program = shutil.which("apache2", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if program is None or missing:
        say("passed over: %s: %s" % (name, ", ".join("mod_" + m for m in missing) or "apache2"))
        return None
    names = {"wsgi": "wsgi_module", "perl": "perl_module"}
    lines = ["LoadModule %s %s/mod_%s.so" % (names.get(m, m + "_module"), MODULES, m) for m in loaded]
    lines += ["ServerRoot " + home, "ServerName localhost", "Listen 127.0.0.1:%d" % port, "PidFile pid", "ErrorLog error.log",
              "LogLevel warn", "<Directory />\nRequire all granted\n</Directory>", "EnableSendfile off"]
    if os.geteuid() == 0:
        lines += ["User www-data", "Group www-data"]
    lines += ["SetEnv %s %s" % pair for pair in site.environment.items()]
    with open(home + "/httpd.conf", "w") as file:
        file.write("\n".join(lines) + "\n" + text.replace("@BIN@", site.bin).replace("@ROOT@", site.root) + "\n")
    os.chmod(home, 0o777)
    return Server(name, [program, "-d", home, "-f", home + "/httpd.conf", "-DFOREGROUND"], port, home)


def lighttpd(site):
    program = shutil.which("lighttpd", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        say("passed over: lighttpd")
        return None
    port = free_port()
    home = os.path.join(site.root, "lighttpd")
    os.mkdir(home)
    with open(home + "/lighttpd.conf", "w") as file:
        file.write('server.modules = ("mod_alias", "mod_cgi", "mod_setenv")\nserver.document-root = "%s"\n'
                   'server.bind = "127.0.0.1"\nserver.port = %d\nalias.url = ("/cgi/" => "%s/")\ncgi.assign = ("" => "")\n'
                   % (home, port, site.bin)
                   + "setenv.set-environment = (%s)\n" % ", ".join('"%s" => "%s"' % p for p in site.environment.items()))
    return Server("lighttpd", [program, "-D", "-f", home + "/lighttpd.conf"], port, home)


def starman(site):
    if shutil.which("starman") is None:
        say("passed over: starman")
        return None
    port = free_port()
    return Server("starman", ["starman", "--workers", "2", "--listen", "127.0.0.1:%d" % port, site.root + "/hello.psgi"],
                  port, site.root)


def targets(site, options, servers):
    """(program, server's name) -> (server, path)."""
    found = {}
    for server in servers.values():
        for name, path in site.paths.items():
            if server.name in ("postern", "postern17"):
                suffix = server.name[len("postern"):]
                for mount in ("fork",) if suffix else ("fork", "spawn", "reuse"):
                    if mount != "reuse" or name in ("cgipm.pl", "dbi.pl", "heavy.py", "hello.pl", "hello.py"):
                        found[name, mount + suffix] = (server, "/%s/%s" % (mount, path))
            elif server.name in ("cgid", "lighttpd"):
                found[name, server.name] = (server, "/cgi/" + path)
            elif server.name == "registry" and name in ("cgipm.pl", "dbi.pl", "hello.pl"):
                found[name, server.name] = (server, "/cgi/" + path)
        for name, peer in (("wsgi", "mod_wsgi"), ("psgi", "starman")):
            if server.name == "postern":
                found[name, name] = (server, "/" + name)
            elif server.name == peer:
                found[name, peer] = (server, "/")
    return found


def measure(server, path, seconds, connections):
    url = "http://127.0.0.1:%d%s" % (server.port, path)
    out = subprocess.run(["wrk", "-t1", "-c%d" % connections, "-d%ds" % seconds, "--latency", "--timeout", "30s", url],
                         check=True, capture_output=True, text=True).stdout
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    bad = sum(map(int, re.findall(r"(?:Non-2xx or 3xx responses:|timeout) (\d+)", out)))
    if bad:
        raise RuntimeError("%s: %d of %d answers are bad" % (url, bad, requests))
    number, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", out).groups()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    return rate, requests, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def compare(found, options):
    only = options.only.split(",") if options.only else []
    programs = [name for name in dict.fromkeys(name for name, _ in found) if not only or name in only]
    unknown = set(only) - set(name for name, _ in found)
    if unknown:
        raise SystemExit("no such program: %s; there are: %s" % (
            ", ".join(sorted(unknown)), ", ".join(dict.fromkeys(name for name, _ in found))))
    rates, p50, jvm = {}, {}, {}
    for name in programs:
        peers = [key for key in found if key[0] == name]
        for key in list(peers):
            server, path = found[key]
            try:
                # The second request has a worker loaded, and children tell what they have loaded.
                measure(server, path, options.warm, 8)
            except (RuntimeError, subprocess.CalledProcessError, AttributeError) as error:
                say("passed over: %s by %s: %s" % (key[0], key[1], error))
                peers.remove(key)
        for turn in range(options.rounds):
            for key in peers:
                server, path = found[key]
                before = server.work()
                rate, requests, _ = measure(server, path, options.seconds, 8)
                rates.setdefault(key, []).append(rate)
                if server.name.startswith("postern"):
                    jvm.setdefault(key, []).append(1000 * (server.work() - before) / max(requests, 1))
            say("%s: round %d of %d" % (name, turn + 1, options.rounds))
        if name in ("hello.py", "cgipm.pl"):
            for key in peers:
                if key[1] in ("fork", "cgid"):
                    p50[key] = [measure(*found[key], options.seconds, 1)[2] for _ in range(options.rounds)]
    return rates, p50, jvm


def ratios(mine, others):
    """The median and the interval that holds it with 95 % certainty, by order statistics; all of fewer than six rounds."""
    pairs = sorted(a / b for a, b in zip(mine, others) if b) or [0.0]
    outside, chance = 0, 0.5 ** len(pairs)
    total = chance
    while total <= 0.025:
        chance *= (len(pairs) - outside) / (outside + 1)
        outside += 1
        total += chance
    outside = max(0, outside - 1)
    return statistics.median(pairs), pairs[outside], pairs[-1 - outside]


def report(rates, p50, jvm, options):
    names = list(dict.fromkeys(server for _, server in rates))
    programs = list(dict.fromkeys(name for name, _ in rates))
    lines = ["| requests a second | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for name in programs:
        cells = ["%.0f" % statistics.median(rates[name, s]) if (name, s) in rates else "" for s in names]
        lines.append("| %s | %s |" % (name, " | ".join(cells)))
    lines += ["", "| must reach | goal | ratio, median [95 %] | |", "|---|---|---|---|"]
    for name, mine, other, goal in GOALS:
        if other == "best":
            there = [s for s in SPAWNING if (name, s) in rates]
            other = max(there, key=lambda s: statistics.median(rates[name, s])) if there else other
        title = "%s, %s against %s" % (name, mine, other)
        wanted = "≥ %s" % goal if goal else "–"
        if (name, mine) not in rates or (name, other) not in rates:
            lines.append("| %s | %s | not measured | |" % (title, wanted))
            continue
        middle, low, high = ratios(rates[name, mine], rates[name, other])
        lines.append("| %s | %s | %.2f [%.2f, %.2f] | %s |" % (
            title, wanted, middle, low, high, "" if not goal else "reached" if high >= goal else "**missed**"))
    for name in ("hello.py", "cgipm.pl"):
        if (name, "fork") in p50 and (name, "cgid") in p50:
            middle, low, high = ratios(p50[name, "fork"], p50[name, "cgid"])
            lines.append("| %s, one connection, p50 of fork against cgid's | ≤ 0.2 | %.2f [%.2f, %.2f] | %s |" % (
                name, middle, low, high, "reached" if low <= 0.2 else "**missed**"))
    for name in programs:
        if (name, "fork") in jvm:
            cost = statistics.median(jvm[name, "fork"])
            lines.append("| %s, processor of the JVM a warm request, ms | ≤ 0.7 | %.2f | %s |" % (
                name, cost, "reached" if cost <= 0.7 else "**missed**"))
    lines += ["", "Made by `benchmarks/compare --warm --rounds %d --seconds %d` on commit %s: %s, %d processors, load %.1f. "
              "Medians at 8 connections in turns. mod_perl's Registry, mod_wsgi's daemon (processes=2 threads=1) and starman "
              "(2 workers) keep state, as reuse does." % (
                  options.rounds, options.seconds, options.commit, " ".join(os.uname()[i] for i in (0, 2, 4)),
                  os.cpu_count(), os.getloadavg()[0])]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(prog="benchmarks/compare --warm")
    parser.add_argument("launcher", help=argparse.SUPPRESS)
    parser.add_argument("jdk", help=argparse.SUPPRESS)
    parser.add_argument("commit", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=15, help="turns of each server; 15 by default")
    parser.add_argument("--seconds", type=int, default=4, help="of each turn; 4 by default")
    parser.add_argument("--warm", type=int, default=5, help="seconds before the first turn; 5 by default")
    parser.add_argument("--jdk17", default="", help="a JDK 17 to compare with")
    parser.add_argument("--only", default="", help="these programs alone, separated by commas, such as wsgi,hello.py")
    parser.add_argument("--out", default="target/warm.md", help="where the tables are written")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk must be installed")
    root = tempfile.mkdtemp(prefix="postern-warm", dir="/var/tmp")
    os.chmod(root, 0o755)
    servers = {}
    try:
        site = Site(root)
        cgi = "ScriptAlias /cgi/ @BIN@/\n"
        started = [postern(site, options.jdk, options.launcher, "postern")]
        if options.jdk17:
            started.append(postern(site, options.jdk17, options.launcher, "postern17"))
        started += [
            apache(site, "cgid", ["cgid"], "ScriptSock sock\n" + cgi),
            lighttpd(site),
            apache(site, "registry", ["perl"],
                   "Alias /cgi/ @BIN@/\n<Location /cgi>\nSetHandler perl-script\nPerlResponseHandler ModPerl::Registry\n"
                   "PerlOptions +ParseHeaders\nOptions +ExecCGI\n</Location>\n"
                   "StartServers 2\nMinSpareServers 2\nMaxSpareServers 8\nMaxRequestWorkers 8\n"),
            apache(site, "mod_wsgi", ["wsgi"],
                   "WSGIDaemonProcess site processes=2 threads=1\nWSGIProcessGroup site\nWSGISocketPrefix run\n"
                   "WSGIScriptAlias / @ROOT@/hello.wsgi\n"),
            starman(site),
        ]
        for server in started:
            if server is not None:
                servers[server.name] = server
                if not server.wait("/"):
                    say("passed over: %s: it does not answer: %s" % (
                        server.name, open(server.log.name, errors="replace").read()[-500:]))
                    servers.pop(server.name).close()
        rates, p50, jvm = compare(targets(site, options, servers), options)
        text = report(rates, p50, jvm, options)
        os.makedirs(os.path.dirname(os.path.abspath(options.out)), exist_ok=True)
        with open(options.out, "w") as file:
            file.write(text)
        print(text)
    finally:
        for server in servers.values():
            server.close()
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
