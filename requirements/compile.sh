#!/bin/sh
# Pins every requirements/*.in with hashes into *.txt, keeping what is pinned already (--upgrade moves it).
set -eu
cd "$(dirname "$0")"
uv=../.venv/bin/uv
pin() { "$uv" pip compile --quiet --no-header --generate-hashes --python-version 3.13 "$@"; }

pin --universal dev.in -o dev.txt "${@}"
# Lambda's runtime brings boto3; a layer must not bring it again.
for group in core streams tables users migrations outside; do
    pin --universal -c dev.txt --no-emit-package boto3 --no-emit-package botocore --no-emit-package s3transfer \
        --no-emit-package jmespath "$group.in" -o "$group.txt"
done
pin --universal -c dev.txt runtime.in -o runtime.txt
pin localstack.in -o localstack.txt "${@}"
