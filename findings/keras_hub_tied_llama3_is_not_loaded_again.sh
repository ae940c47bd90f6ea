#!/usr/bin/env bash
# keras-hub 0.32.0: a Llama 3 whose output weights are those of its input (`tie_word_embeddings=True`, as all small ones
# have it) is saved by `save_to_preset` without an error, and cannot be loaded again. `Llama3Backbone.get_config` leaves
# the option out, so the loaded model wants output weights of its own, which the file does not have. A model that was
# fine-tuned for hours is lost unless the option is written into the preset's config.json by hand.
#
# Seen on Linux x86-64 with Python 3.11, tensorflow 2.21.0, keras 3.15.1 and keras-hub 0.32.0:
#   untied loads; tied ValueError; tied with the option in config.json loads
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    tensorflow==2.21.0 keras==3.15.1 keras-hub==0.32.0
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON'
import json
import sys
import tempfile
from pathlib import Path

import keras_hub

SIZES = {
    "vocabulary_size": 30,
    "num_layers": 1,
    "num_query_heads": 2,
    "num_key_value_heads": 1,
    "hidden_dim": 8,
    "intermediate_dim": 16,
}


def loaded(tied, write_option=False):
    folder = tempfile.mkdtemp()
    keras_hub.models.Llama3Backbone(**SIZES, tie_word_embeddings=tied).save_to_preset(folder)
    if write_option:
        file = Path(folder) / "config.json"
        config = json.loads(file.read_text())
        config["config"]["tie_word_embeddings"] = tied
        file.write_text(json.dumps(config))
    try:
        keras_hub.models.Backbone.from_preset(folder)
    except ValueError as error:
        return type(error).__name__
    return "loads"


found = [loaded(False), loaded(True), loaded(True, write_option=True)]
print(f"untied {found[0]}; tied {found[1]}; tied with the option in config.json {found[2]}")
sys.exit(0 if found == ["loads", "ValueError", "loads"] else 1)
PYTHON
