#!/usr/bin/env bash
# tensorflow-model-analysis 0.52.0: recall of a class at top 1 (`top_k: 1`, binarized by class) is 1 for a class that the
# model never answers. All other scores are set to minus infinity, and the threshold that goes with top_k is minus
# infinity too, which they reach. So the worst class of a model looks like its best one, and a gate on the least recall
# of all classes never refuses. Precision counts the same rows, and is the share of the class. With a threshold of 0
# beside top_k, recall is what one counts by hand.
#
# Seen on Linux x86-64 with Python 3.11, tensorflow-model-analysis 0.52.0 and tensorflow 2.21.0 (a model that answers
# class 0 to all): recall of the classes [1.0, 1.0, 1.0], with a threshold of 0 [1.0, 0.0, 0.0]
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow-model-analysis==0.52.0 tensorflow==2.21.0 'setuptools<81'
TF_USE_LEGACY_KERAS=1 TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON'
import sys

import pandas as pd
import tensorflow_model_analysis as tfma
from google.protobuf import text_format
from tensorflow_model_analysis.proto import config_pb2

rows = pd.DataFrame({"label": [0, 0, 1, 2], "prediction": [[0.6, 0.3, 0.1]] * 4})


def recalls(options):
    config = f'''
        model_specs {{ label_key: "label" prediction_key: "prediction" }}
        slicing_specs {{}}
        metrics_specs {{
            metrics {{ class_name: "Recall" config: '{options}' }}
            binarize {{ class_ids {{ values: [0, 1, 2] }} }}
        }}
    '''
    result = tfma.analyze_raw_data(rows, text_format.Parse(config, config_pb2.EvalConfig()))
    by_class = result.slicing_metrics[0][1][""]
    return [by_class[key]["recall"]["doubleValue"] for key in sorted(by_class)]


usual, mended = recalls('"top_k": 1'), recalls('"top_k": 1, "thresholds": 0.0')
print(f"recall of the classes {usual}, with a threshold of 0 {mended}")
sys.exit(0 if (usual, mended) == ([1.0, 1.0, 1.0], [1.0, 0.0, 0.0]) else 1)
PYTHON
