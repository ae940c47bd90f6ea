"""What the configuration means by the name of a backbone; loads no TensorFlow."""

from pathlib import Path

from trainer.model_files import model_files
from trainer.text.hugging_face_config import check_hugging_face_config


def named_folder(source: str) -> Path | None:
    """Returns the local folder that `source` names, or None where it can only be a preset's name or a URL.

    Raises:
        ValueError: `source` is meant as a folder, as it begins with `package:` or is a path, and there is none; or it
            holds a BERT of Hugging Face's that KerasNLP computes otherwise.
    """
    folder = model_files(source, "Backbone", "folder with a model")
    if folder is not None and not folder.is_dir():
        raise ValueError(f"Backbone `{source}` should be a folder; it is a file.")
    if folder is not None:
        check_hugging_face_config(source, folder)
    return folder
