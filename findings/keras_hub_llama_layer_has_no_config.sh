#!/usr/bin/env bash
# keras-hub 0.32.0: `get_config` of a layer of a Llama, `LlamaTransformerDecoder`, raises AttributeError, as it asks for
# `rope_scaling_factor`, which the layer never sets. The backbone's own configuration works, so saving and loading a model
# never shows it; whatever goes through a model's layers (cloning it, comparing two layers, a table of their options) does.
#
# Seen on Linux x86-64 with Python 3.11, tensorflow 2.21.0, keras 3.15.1 and keras-hub 0.32.0:
#   backbone dict; embedding dict; decoder AttributeError
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    tensorflow==2.21.0 keras==3.15.1 keras-hub==0.32.0
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON'
import sys

import keras_hub

llama = keras_hub.models.LlamaBackbone(
    vocabulary_size=30,
    num_layers=1,
    num_query_heads=2,
    num_key_value_heads=1,
    hidden_dim=8,
    intermediate_dim=16,
)


def outcome(part):
    try:
        return type(part.get_config()).__name__
    except Exception as error:
        return type(error).__name__


found = [outcome(part) for part in (llama, llama.token_embedding, llama.transformer_layers[0])]
print(f"backbone {found[0]}; embedding {found[1]}; decoder {found[2]}")
sys.exit(0 if found == ["dict", "dict", "AttributeError"] else 1)
PYTHON
