#!/bin/sh
# This machine, as sh sees it. Escapes what it did not write itself.

html() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }

row() { printf '<tr><th>%s</th><td>%s</td></tr>\n' "$1" "$(printf '%s' "$2" | html)"; }

# bar NAME PERCENT TEXT
bar() {
  printf '<tr><th>%s</th><td><meter min="0" max="100" high="90" value="%s"></meter> %s</td></tr>\n' \
    "$1" "$2" "$(printf '%s' "$3" | html)"
}

printf 'Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\r\n'

cat <<'END'
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>This machine</title>
<link rel="stylesheet" href="/demo/demo.css">
<body class="leaf">
<p class="back"><a href="/">&larr; Postern</a></p>
<h1>This machine</h1>
<p>as a shell script sees it, started for this request.</p>
<table>
END

row System "$(uname -srm)"
row Time "$(date '+%A, %e %B %Y, %H:%M:%S %Z')"
if [ -r /proc/uptime ]; then
  row Up "$(awk '{ printf "%d days, %d hours, %d minutes", $1/86400, $1%86400/3600, $1%3600/60 }' \
    /proc/uptime)"
fi
if [ -r /proc/loadavg ]; then
  read -r one five fifteen _ </proc/loadavg
  row Load "$one in the last minute, $five in five, $fifteen in fifteen"
fi
if [ -r /proc/meminfo ]; then
  # shellcheck disable=SC2046 # three numbers and words on purpose
  set -- $(awk '/^MemTotal:/ { all = $2 } /^MemAvailable:/ { free = $2 }
    END { printf "%d %.1f %.1f", (all - free) * 100 / all, (all - free) / 1048576, all / 1048576 }' \
    /proc/meminfo)
  bar Memory "$1" "$2 of $3 GiB in use"
fi
# shellcheck disable=SC2046
set -- $(df -Pk . | awk 'NR == 2 && $2 { printf "%d %.0f %.0f", $3 * 100 / $2, $3 / 1048576, $2 / 1048576 }')
[ $# -eq 0 ] || bar Disk "$1" "$2 of $3 GiB in use"
row Process "$$, child of $PPID"
row Request "$REQUEST_METHOD $SCRIPT_NAME$PATH_INFO from $REMOTE_ADDR"

printf '</table>\n</body>\n</html>\n'
