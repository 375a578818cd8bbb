#!/usr/bin/env bash
# From a CSV to a gate, in the current folder: init, gates, evaluate, pytest. Nothing here needs a model or a GPU; the
# subject is a keyword program behind an OpenAI-compatible endpoint.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# 1. A CSV with a column of inputs and a column of expected outputs becomes a suite and three splits.
python "$here/make_csv.py" messages.csv
goldgate init queues --from messages.csv --input message --output queue --no-embeddings \
  --instructions "Which queue does this message belong to? Answer with one word: billing, delivery, returns, technical, account or other."

# 2. The gates: thresholds of your own, each with its reason.
cp "$here/test_gates.py" suites/queues/test_gates.py

# 3. What routes the messages today, served for Goldgate.
python "$here/rules.py" 0 > endpoint.txt &
rules=$!
trap 'kill $rules' EXIT
until [ -s endpoint.txt ]; do kill -0 $rules; done
subject="openai:keyword-rules@$(cat endpoint.txt)+zero_shot"

# 4. Its scores on dev, then the gates on dev, then one look at golden.
goldgate evaluate queues --subject "$subject"
pytest suites/queues --candidate "$subject" --split dev
pytest suites/queues --candidate "$subject" --split golden
