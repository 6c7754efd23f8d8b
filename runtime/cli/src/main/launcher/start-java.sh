#!/bin/sh
# start-java.sh JAVA ARGUMENT...: starts Java without its notice of the incubator module of the vector instructions, which
# it prints before the program starts. The notice is taken out of a standard error that is for Java's start alone: the
# program gets the real one as 3, and takes it at once. Also used where peft4j starts Java once more (Launcher.java).
set -eu

java=$1
shift
stderr=-Dpeft4j.stderr=
if [ -e /dev/fd/2 ] && pipe=$(mktemp -d 2>/dev/null) && mkfifo "$pipe/err" 2>/dev/null; then
  (sed '/^WARNING: Using incubator modules: jdk\.incubator\.vector$/d' <"$pipe/err" >&2 &)
  exec 3>&2 2>"$pipe/err"
  rm -r "$pipe"
  stderr=$stderr'3:'$$
fi
exec "$java" "$stderr" "$@"
