#!/bin/sh
# Measures how long a CGI executable takes to answer one request: a handler installed by
# `postern install` on JDK 17 and on JDK 25, cold and warm, against a bare `java Hello`, Python's
# wsgiref and Perl. All in one run, in turns. Prints Markdown: the goals and whether they were
# reached, and what each program took.
#
#   benchmarks/executables.sh [--out FILE] [ROUNDS]
#
# --out also writes it to FILE, where what follows the first "## " line is kept.
set -eu

fail() {
  printf 'executables.sh: %s\n' "$1" >&2
  exit 1
}

out=
if [ "${1-}" = --out ]; then
  [ $# -ge 2 ] || fail '--out must have a file'
  case $2 in /*) out=$2 ;; *) out=$PWD/$2 ;; esac
  shift 2
fi
rounds=${1:-200}
case $rounds in '' | *[!0-9]* | [01]) fail "ROUNDS must be a number, at least 2: $rounds" ;; esac
cd -- "$(dirname -- "$0")/.."

# find_jdk VERSION: the home of an installed JDK of that version, or nothing.
find_jdk() {
  for home in ${JAVA_HOME:+"$JAVA_HOME"} /usr/lib/jvm/*; do
    case $("$home/bin/javac" -version 2>/dev/null) in
      "javac $1."* | "javac $1") printf '%s\n' "$home" && return ;;
    esac
  done
}

jdk17=$(find_jdk 17)
jdk25=$(find_jdk 25)
[ -n "$jdk17$jdk25" ] || fail 'a JDK 17 or 25 is needed: set JAVA_HOME, or install one below /usr/lib/jvm'
for program in python3 perl cc; do
  [ -x "/usr/bin/$program" ] || fail "/usr/bin/$program is needed"
done
./postern --version >/dev/null
root=$PWD
launcher=$root/launcher/target/postern-launcher.jar

# A short path: the warm server's socket is below it.
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
chmod 755 "$work" # as a library directory is to be
cd "$work"
mkdir bare app bin

cat >Hello.java <<'END'
public class Hello {
  public static void main(String[] args) {
    System.out.print("Content-Type: text/plain\r\n\r\nHello\n");
  }
}
END
cat >App.java <<'END'
import dev.postern.*;

public final class App implements Application {
  @Override
  public Body call(Environ environ, StartResponse response) {
    response.start(200, Headers.of("Content-Type", "text/plain"));
    return Body.of("Hello\n");
  }
}
END
cat >bin/wsgiref <<'END'
#!/usr/bin/python3
from wsgiref.handlers import CGIHandler

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello\n"]

CGIHandler().run(app)
END
cat >bin/perl <<'END'
#!/usr/bin/perl
print "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nHello\n";
END
chmod +x bin/*

javac=${jdk17:-$jdk25}/bin/javac
"$javac" --release 17 -d bare Hello.java
"$javac" --release 17 -cp "$root/launcher/target/lib/*" -d app App.java
"${javac%/javac}/jar" -c -f hello.jar -C bare .

install() { # JDK NAME OPTION...
  home=$1 name=$2
  shift 2
  "$home/bin/java" -jar "$launcher" install --classpath app --lib lib "$@" App "bin/$name"
}

set --
if [ -n "$jdk17" ]; then
  install "$jdk17" cold17
  set -- "$@" "bare 17=$jdk17/bin/java -cp $work/hello.jar Hello" "cold 17=$work/bin/cold17"
fi
if [ -n "$jdk25" ]; then
  install "$jdk25" cold25
  (
    export CC=cc
    install "$jdk25" warm25 --warm --idle 30
  )
  (
    export CC=
    install "$jdk25" warmperl25 --warm --idle 30
  )
  set -- "$@" "bare 25=$jdk25/bin/java -cp $work/hello.jar Hello" \
    "least 25=$jdk25/bin/java -Xint -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -cp $work/hello.jar Hello" \
    "cold 25=$work/bin/cold25" \
    "warm 25=$work/bin/warm25" \
    "warm perl 25=$work/bin/warmperl25"
fi
/usr/bin/python3 "$root/benchmarks/executables.py" "$rounds" "$out" "$@" \
  "wsgiref=$work/bin/wsgiref" "perl=$work/bin/perl"
