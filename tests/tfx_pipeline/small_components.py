"""Two function components, to run pipelines that cost nothing."""

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts


@component
def Write(text: Parameter[str], written: OutputArtifact[standard_artifacts.Model]) -> None:
    """Writes a text."""
    written.set_string_custom_property("length", str(len(text)))
    with fileio.open(f"{written.uri}/text", "w") as file:
        file.write(text)


@component
def Refuse(
    written: InputArtifact[standard_artifacts.Model],
    word: Parameter[str],
    read: OutputArtifact[standard_artifacts.Model],
) -> None:
    """Raises where the text holds a word."""
    with fileio.open(f"{written.uri}/text", "r") as file:
        if word in file.read():
            raise ValueError(f"the text holds {word}")
    with fileio.open(f"{read.uri}/done", "w") as file:
        file.write("done")
