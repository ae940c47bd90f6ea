"""What the ModelTrainer component hands to a training function."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class EarlierTraining:
    """What an earlier training of the same task left.

    Attributes:
        model_uri: Its model.
        catalogue_uri: The Catalogue artifact that it was trained with; empty for a task without products.
        transformed_products_uri: Transform's Examples of the products; None where there were none.
    """

    model_uri: str
    catalogue_uri: str = ""
    transformed_products_uri: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """The inputs, outputs and options of one training, all of them URIs, strings or numbers.

    Attributes:
        examples_uri: Examples with the splits train, eval and test, for recommendation ranker too.
        catalogue_uri: The Catalogue artifact; empty for a task without products.
        labels_uri: The Labels artifact; None for a task without labels.
        transformed_products_uri: Transform's Examples of the products; None where there is no products table.
        text_vectors_uri: The TextVectors artifact; None where texts are off or the backbone is trained.
        picture_vectors_uri: The PictureVectors artifact; None where no pictures are read.
        rules_uri: The AssociationRules; None where the training does not read them.
        base_model_uri: A model that this one is trained on top of; None where there is none.
        earlier: What an update starts from; None for a training that begins with nothing.
        options_json: The options of the training function, as JSON.
        steps: The most batches to train on; None for as many as the options say.
        seed: Seed of weights, shuffling and sampling.
        model_uri: Where the model goes.
        log_uri: Where TensorBoard's event files go.
        checkpoint_uri: Where checkpoints go, and are found by the same training when it is begun again; empty for none.
    """

    examples_uri: str
    catalogue_uri: str = ""
    labels_uri: str | None = None
    transformed_products_uri: str | None = None
    text_vectors_uri: str | None = None
    picture_vectors_uri: str | None = None
    rules_uri: str | None = None
    base_model_uri: str | None = None
    earlier: EarlierTraining | None = None
    options_json: str
    steps: int | None = None
    seed: int
    model_uri: str
    log_uri: str
    checkpoint_uri: str = ""
