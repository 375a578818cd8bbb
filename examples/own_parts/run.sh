#!/usr/bin/env bash
# A metric and a perturbation of your own, in the current folder, on the data and the subject of examples/from_csv.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

python "$here/../from_csv/make_csv.py" messages.csv
goldgate init queues --from messages.csv --input message --output queue --instructions "Which queue is it?"
cp "$here/test_own.py" suites/queues/test_gates.py

python "$here/../from_csv/rules.py" 0 > endpoint.txt &
rules=$!
trap 'kill $rules' EXIT
until [ -s endpoint.txt ]; do kill -0 $rules; done

pytest suites/queues --candidate "openai:keyword-rules@$(cat endpoint.txt)+zero_shot" --split dev
