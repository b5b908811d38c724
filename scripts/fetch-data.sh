#!/usr/bin/env bash
# Downloads well-known data sets to the folder where the executables look for them; see scripts/fetch-data.sh --help
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
table=$here/../apps/common/data/standard_files.inc
[ -f "$table" ] || table=$here/../share/dimwise/standard_files.inc  # installed

usage() {
  cat <<'END'
Usage: scripts/fetch-data.sh mnist                    downloads the files of a set
       scripts/fetch-data.sh omniglot --from DIR      copies them from DIR/omniglot/FILE or DIR/FILE

Sets: mnist, omniglot, caltech (images), faithful, stocks, rates, miniboone (tables); several may be given. No public address
has the files of omniglot, caltech and miniboone, which were made from the originals: they need --from.

  --from DIR     copy from a folder instead of downloading
  --to DIR       the folder of data (default: $DIMWISE_DATA if set, else ./data, where the executables look)
  --mirror URL   download URL/FILE instead of from the public mirrors (http, https or file)
  --list         print set, path, bytes and SHA-256 of every file known, and end
  --help         print this, and end

A file appears only whole and with the right SHA-256. What is there and right is left alone; what is there and wrong is
neither used nor replaced. Ends with 0 if every file is there, 1 if not, 2 for a wrong argument.
END
}

complain() { echo "fetch-data.sh: $*" >&2; }
wrong_usage() {
  complain "$*. See scripts/fetch-data.sh --help"
  exit 2
}

# set path bytes sha256 folders..., one file per line
files() { sed -n 's/^{"\(.*\)", "\(.*\)", \([0-9]*\), "\([0-9a-f]*\)", "\(.*\)"},$/\1 \2 \3 \4 \5/p' "$table"; }

# Whether the first word is one of the others.
among() {
  local word=$1 other
  shift
  for other in "$@"; do
    if [ "$other" = "$word" ]; then return 0; fi
  done
  return 1
}

mapfile -t known < <(files | cut -d ' ' -f 1 | uniq)
sets=() from='' mirror='' to="${DIMWISE_DATA:-data}"
while [ $# -gt 0 ]; do
  case $1 in
    --help) usage && exit 0 ;;
    --list) files | cut -d ' ' -f 1-4 && exit 0 ;;
    --from | --to | --mirror)
      [ -n "${2:-}" ] || wrong_usage "$1 needs a value"
      case $1 in --from) from=$2 ;; --to) to=$2 ;; --mirror) mirror=$2 ;; esac
      shift ;;
    -*) wrong_usage "unknown option $1" ;;
    *)
      among "$1" "${known[@]}" || wrong_usage "unknown set '$1'; known are ${known[*]}"
      sets+=("$1") ;;
  esac
  shift
done
[ ${#sets[@]} -gt 0 ] || wrong_usage "name a set: one or more of ${known[*]}"
[ -z "$from" ] || [ -z "$mirror" ] || wrong_usage "--from and --mirror exclude each other"
[ -z "$from" ] || [ -d "$from" ] || wrong_usage "there is no folder '$from'"
command -v sha256sum >/dev/null || { complain "needs sha256sum, which is missing" && exit 1; }

# When this script exits, for any reason, it deletes the partial file and stops a running download.
part=''
# shellcheck disable=SC2317  # called by the trap
clean_up() {
  local running
  running=$(jobs -p)
  if [ -n "$running" ] && kill "$running" 2>/dev/null; then wait "$running" || true; fi
  if [ -n "$part" ]; then rm -f -- "$part"; fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Prints why a file does not have this size and checksum; nothing if it does.
fault() {
  local bytes sum
  bytes=$(($(wc -c <"$1")))
  [ "$bytes" = "$2" ] || { echo "has $bytes bytes instead of $2" && return; }
  sum=$(sha256sum <"$1")
  [ "${sum%% *}" = "$3" ] || echo "has SHA-256 ${sum%% *} instead of $3"
}

download() {
  if command -v curl >/dev/null; then
    curl --fail --location --silent --show-error --connect-timeout 30 --output "$2" -- "$1" &
  elif command -v wget >/dev/null; then
    wget --quiet --tries=2 --connect-timeout=30 --output-document="$2" -- "$1" &
  else
    complain "needs curl or wget to download, or --from"
    exit 1
  fi
  wait $!  # in the background, so that a signal is answered at once
}

copy() { if [ -n "$from" ]; then cp -- "$1" "$2"; else download "$1" "$2"; fi; }

# The file of the first source that gives the right contents is moved to its place atomically.
fetch() {
  local path=$1 bytes=$2 sum=$3 target="$to/$1" source reason
  shift 3
  mkdir -p -- "$(dirname "$target")" || return 1
  for source in "$@"; do
    part=$(mktemp -- "$(dirname "$target")/.part-XXXXXX") || return 1
    reason='could not be read'
    if copy "$source" "$part"; then reason=$(fault "$part" "$bytes" "$sum"); fi
    if [ -z "$reason" ] && chmod 644 "$part" && mv -- "$part" "$target"; then
      part=''
      echo "$target: from $source"
      return 0
    fi
    complain "$source ${reason:-could not be put into place}: not used"
    rm -f -- "$part"
    part=''
  done
  return 1
}

failed=0
while read -r set path bytes sum folders; do
  among "$set" "${sets[@]}" || continue
  name=$(basename "$path")
  sources=()
  if [ -e "$to/$path" ]; then
    reason=$(fault "$to/$path" "$bytes" "$sum")
    if [ -z "$reason" ]; then
      echo "$to/$path: already there"
    else
      complain "$to/$path $reason. Delete it or move it away, and run this again"
      failed=1
    fi
    continue
  elif [ -n "$from" ]; then
    for source in "$from/$path" "$from/$name"; do
      if [ -f "$source" ]; then sources+=("$source"); fi
    done
    [ ${#sources[@]} -gt 0 ] || complain "neither $from/$path nor $from/$name is there"
  elif [ -n "$mirror" ]; then
    sources=("$mirror/$name")
  elif [ -n "$folders" ]; then
    read -ra sources <<<"$folders"
    sources=("${sources[@]/%//$name}")
  else
    complain "no public address has $name. Copy it from a folder that does: scripts/fetch-data.sh $set --from DIR"
  fi
  if [ ${#sources[@]} -eq 0 ] || ! fetch "$path" "$bytes" "$sum" "${sources[@]}"; then failed=1; fi
done < <(files)
exit "$failed"
