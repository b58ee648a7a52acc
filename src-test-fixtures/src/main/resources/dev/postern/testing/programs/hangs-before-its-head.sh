#!/bin/sh
# If there is a query, QUERY.pid gets the numbers of the processes, for whoever ends them.
[ -z "$QUERY_STRING" ] || echo $$ >"$QUERY_STRING.pid"
exec sleep 600
