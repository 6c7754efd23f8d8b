#!/usr/bin/env bash
# Runs peft4j's checks on this machine's devices. Needs no Java and no network.
set -eEuo pipefail

usage() {
  cat <<'TEXT'
usage: on-gpu.sh [CHECK ...]

  CHECK  golden, mlp, minilm or generate; default: all, on each device that TornadoVM finds,
         mlp and minilm in each precision of the device

environment:
  OUT    folder for the output; default: ./out. The report is OUT/report.json.
  LIMIT  seconds for everything; default: 170, without NVIDIA's driver 900. What does not end in that time is
         a failure that says so.
  POCL=1 uses OpenCL's driver PoCL though NVIDIA's is there
TEXT
}
[ "${1:-}" != -h ] && [ "${1:-}" != --help ] || { usage; exit; }
HERE=$(cd "$(dirname "$0")" && pwd)
OUT=$(readlink -m "${OUT:-out}")
mkdir -p "$OUT"

# libraries of the driver and of CUDA, wherever they are: the system's folders, CUDA's, the wheels that PyTorch uses
folders=(/usr/local/nvidia /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib/wsl/lib /usr/local/cuda/lib64 /usr/local/cuda/targets/x86_64-linux/lib)
wheels=$(python3 -c 'import importlib.util as u; print(*u.find_spec("nvidia").submodule_search_locations)' 2> /dev/null || true)
[ -z "$wheels" ] || folders+=($wheels)
find_library() { find -L "${folders[@]}" -name "$1" 2> /dev/null | grep -v -e /compat/ -e /stubs/ | sed -n 1p || true; }
path=$HERE/ocl
for n in libcuda.so.1 libnvrtc.so.13 libcublas.so.13 libcudart.so.13 libnvidia-opencl.so.1; do
  f=$(find_library $n)
  [ -z "$f" ] || case :$path: in *:"$(dirname "$f")":*) ;; *) path=$(dirname "$f"):$path ;; esac
  # nothing but NVIDIA's driver for OpenCL, lest another one appears as a second device
  if [ $n = libnvidia-opencl.so.1 ] && [ -n "$f" ] && [ -z "${POCL:-}" ] && [ -z "${OCL_ICD_VENDORS:-}" ]; then
    mkdir -p "$OUT/vendors"
    echo "$f" > "$OUT/vendors/nvidia.icd"
    export OCL_ICD_VENDORS=$OUT/vendors
  fi
done
case $path in "$HERE/ocl") : "${LIMIT:=900}" ;; *) : "${LIMIT:=170}" ;; esac
export LD_LIBRARY_PATH=$path${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
if [ -z "${CUDA_PATH:-}" ]; then # where NVRTC finds cuda_fp16.h
  for d in /usr/local/cuda $(for w in $wheels; do echo "$w/cu13"; done); do
    [ ! -f "$d/include/cuda_fp16.h" ] || { export CUDA_PATH=$d; break; }
  done
fi
{ nvidia-smi || true; grep -E 'MemTotal|MemAvailable' /proc/meminfo; nproc; } > "$OUT/machine.txt" 2>&1
unset JAVA_HOME JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS
export TORNADOVM_HOME=$HERE/sdk
CP=$(printf '%s:' "$HERE"/cp/*/ "$HERE"/lib/*.jar)
CP=${CP%:}
"$HERE/jre/bin/java" -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED -cp "$CP" dev.peft4j.backend.tornado.JvmFlags "$OUT/flags"
status=0
"$HERE/jre/bin/java" -XX:TieredStopAtLevel=1 -cp "$CP" dev.peft4j.samples.gpu.GpuChecks "$HERE" "$OUT" "$LIMIT" "$@" || status=$?
echo "report: $OUT/report.json"
exit $status
