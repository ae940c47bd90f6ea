#!/bin/sh
# Starts Beam's job server for Flink in the foreground, for `beam: {runner: portable, master: localhost:8099, …}`.
#
#   tools/flink_job_server.sh beam-runners-flink-1.19-job-server-2.77.0.jar [FLINK_HOST:8081]
#
# The jar is that of Beam's version, from Maven Central: org.apache.beam:beam-runners-flink-1.19-job-server. Without an
# address of Flink it runs one inside itself, which is enough to try.
set -eu

jar=${1:-}
flink=${2:-"[local]"}
port=${JOB_PORT:-8099}

command -v java > /dev/null || {
    echo "flink_job_server.sh: expected java 11 or newer on the PATH; install a Java runtime" >&2
    exit 2
}
[ -f "$jar" ] || {
    echo "flink_job_server.sh: expected the jar of Beam's Flink job server, got '$jar'; its head says where it is from" >&2
    exit 2
}
exec java -jar "$jar" --job-host=localhost --job-port="$port" --artifact-port=$((port - 1)) --expansion-port=0 \
    --flink-master="$flink"
