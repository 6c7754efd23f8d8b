# shellcheck shell=sh
# find_jdk TOOL... prints the folder of the Java 25 or newer that has these tools in its bin, and fails if there is none.
# Read by mvnw and by the launcher of the command line, which has a copy beside it.
# What was set wins (JAVA25_HOME, JAVA_HOME, then the path); among those that are only installed 25 does, which is the one
# that TornadoVM goes with, and then the newest. FIND_JDK_PLACES: folders of JDKs to look through instead of the usual ones.

# Prints the major version of the Java in a folder, or 0.
jdk_version() {
  line=
  if [ -r "$1/release" ]; then
    line=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([0-9]*\).*/\1/p' "$1/release" | head -n 1)
  elif [ -x "$1/bin/java" ]; then
    line=$("$1/bin/java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
  fi
  echo "${line:-0}"
}

# Prints the home of the java on the path, whatever link, stub or shim it is.
jdk_of_path() {
  command -v java >/dev/null 2>&1 || return 0
  found=$(readlink -f "$(command -v java)" 2>/dev/null || :)
  if [ -n "$found" ] && [ -r "$(dirname "$(dirname "$found")")/release" ]; then
    dirname "$(dirname "$found")"
  else
    java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p'
  fi
}

jdk_has() {
  jdk=$1
  shift
  for tool in "$@"; do
    [ -x "$jdk/bin/$tool" ] || [ -x "$jdk/bin/$tool.exe" ] || return 1
  done
}

find_jdk() (
  set +f
  unset IFS
  for home in "${JAVA25_HOME:-}" "${JAVA_HOME:-}" "$(jdk_of_path)"; do
    if [ -n "$home" ] && jdk_has "$home" "$@" && [ "$(jdk_version "$home")" -ge 25 ]; then
      printf '%s\n' "$home"
      exit 0
    fi
  done
  best=
  newest=0
  user=${HOME:-/}
  for home in ${FIND_JDK_PLACES-/usr/lib/jvm /usr/lib64/jvm /usr/java /opt/java /opt/jdk "$user/.jdks" "$user/.sdkman/candidates/java" \
    "$user/.m2/jdks" "$user/.gradle/jdks" "$user/.asdf/installs/java" "$user/.local/share/mise/installs/java" \
    "$user/.jenv/versions" /Library/Java/JavaVirtualMachines "$user/Library/Java/JavaVirtualMachines"}; do
    for jdk in "$home"/*; do
      [ ! -d "$jdk/Contents/Home" ] || jdk=$jdk/Contents/Home
      if [ ! -d "$jdk/bin" ] || ! jdk_has "$jdk" "$@"; then
        continue
      fi
      version=$(jdk_version "$jdk")
      if [ "$version" -eq 25 ]; then
        printf '%s\n' "$jdk"
        exit 0
      elif [ "$version" -gt 25 ] && [ "$version" -gt "$newest" ]; then
        best=$jdk
        newest=$version
      fi
    done
  done
  [ -n "$best" ] && printf '%s\n' "$best"
)

no_jdk() {
  echo "$1 needs Java 25 or newer and found none (in JAVA25_HOME, JAVA_HOME, on the path, or among the installed ones): get a JDK 25" \
    "from https://adoptium.net, or with SDKMAN (sdk install java 25-tem), and set JAVA_HOME to its folder." >&2
  exit 1
}
