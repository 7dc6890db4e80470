#!/bin/sh
# `npm test`: brings the peers that the tests talk to, then checks format, types and behaviour.
# Run through npm, so that `node` is the one of node_modules.
set -eu
cd "$(dirname "$0")/.."

packages='curl dcmtk orthanc orthanc-dicomweb nginx-light python3-pydicom openssl tshark ffmpeg'
missing=''
for need in curl:curl dcmqrscp:dcmtk Orthanc:orthanc nginx:nginx-light openssl:openssl tshark:tshark \
  gdcmconv:libgdcm-tools opj_decompress:libopenjp2-tools dciodvfy:dicom3tools ffmpeg:ffmpeg; do
  command -v "${need%%:*}" >/dev/null 2>&1 || [ -x "/usr/sbin/${need%%:*}" ] || missing="$missing ${need#*:}"
done
[ -e /usr/share/orthanc/plugins/libOrthancDicomWeb.so ] || missing="$missing orthanc-dicomweb"
[ -d /usr/lib/python3/dist-packages/pydicom ] || missing="$missing python3-pydicom"

if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "test peers missing:$missing; installing"
    apt-get update -qq
    # the daemons are started by the tests themselves, never by the package scripts
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/dev/null
  else
    echo "test peers missing:$missing" >&2
    echo "install them with: apt-get install -y $packages" >&2
    exit 1
  fi
fi

biome check .
tsc --noEmit
exec node --test --test-concurrency=2 --test-timeout=600000 \
  --test-reporter=spec --test-reporter-destination=stdout \
  --test-reporter=./test/support/skipped-reporter.ts --test-reporter-destination=stdout \
  'test/**/*.test.ts'
