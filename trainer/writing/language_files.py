"""What the configuration means by the name of a language model; loads no TensorFlow."""

from pathlib import Path

from trainer.model_files import model_files


def language_files(source: str) -> Path | None:
    """Returns the folder or file that `source` names, or None where it can only be a preset's name.

    Raises:
        ValueError: `source` is meant as a folder or file, as it begins with `package:` or is a path, and there is none.
    """
    return model_files(source, "Language model", "folder or GGUF file")
