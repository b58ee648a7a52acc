#!/bin/sh
# What was pushed: the commits of the demo's repository, newest first.

printf 'Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\r\n'

cat <<'END'
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Commits</title>
<link rel="stylesheet" href="/demo/demo.css">
<body class="leaf">
<p class="back"><a href="/">&larr; Postern</a></p>
<h1>Commits</h1>
<p>of the repository that you can clone, and push to. Reload after a push.</p>
<table>
END

# The subject comes last: read gives it all that is left.
git --git-dir="$DEMO_REPOSITORY" log --branches -n 100 --date=format:'%H:%M:%S' \
  --format='%h%x09%ad%x09%an%x09%s' |
  sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g' |
  while IFS='	' read -r id time author subject; do
    printf '<tr><th><code>%s</code></th><td>%s<br><small>%s, %s</small></td></tr>\n' \
      "$id" "$subject" "$author" "$time"
  done

printf '</table>\n</body>\n</html>\n'
