"""Options of the towers, the ranker and the served recommender, which the configuration can import without TFX."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from trainer.options import (
    BY_TITLE,
    AnswerOptions,
    CheckpointOptions,
    HardwareOptions,
    Options,
    TextOptions,
    UpdateOptions,
)
from trainer.privacy.options import NetworkPrivacyOptions


class TowerOptions(Options):
    """The shape of the item and the user tower.

    Attributes:
        dimensions: Width of the vectors that both towers end in.
        layers: Transformer layers of the user tower.
        heads: Attention heads of each layer; divides `dimensions`.
        dropout: Dropout rate in the user tower.
        id_embedding: Whether a product has a learned embedding of its own beside its text and numbers.
        history: Latest events that the user tower reads.
        linear_dimensions: Values of a vector that are not the towers' own but those of a linear model of whole
            histories, which validation weighs against the towers; 0 leaves it out.
    """

    dimensions: int = Field(default=64, ge=4)
    layers: int = Field(default=1, ge=1)
    heads: int = Field(default=2, ge=1)
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    id_embedding: bool = True
    history: int = Field(default=64, ge=1)
    linear_dimensions: int = Field(default=128, ge=0)


class TrainingOptions(HardwareOptions):
    """How the towers are trained; on what, `HardwareOptions` says.

    Attributes:
        batch_size: History windows a step.
        compared_products: Products that each next product is told from. A catalogue that has no more is compared with
            as a whole; of a larger one a step takes the products of its windows, and as many random ones as this.
        label_smoothing: Share of each target that is spread over all products compared with.
        accumulated_batches: Steps whose gradients are averaged into one update; the schedule counts updates. Steps left
            over at the end of an epoch count towards the next one's first update. On one device only.
        max_epochs: Passes over the training windows at the most.
        patience: Epochs without a better validation NDCG before training stops.
        learning_rate: Peak of the schedule (linear warm-up, cosine decay).
        weight_decay: Decoupled weight decay of AdamW.
        repeat_weight: Weight of a next product that the history shows already, beside 1 for a new one; below 1 the
            towers look for what is new to the user.
    """

    batch_size: int = Field(default=64, ge=1)
    compared_products: int = Field(default=30_000, ge=1)
    label_smoothing: float = Field(default=0.1, ge=0.0, lt=1.0)
    accumulated_batches: int = Field(default=1, ge=1)
    max_epochs: int = Field(default=10, ge=1)
    patience: int = Field(default=2, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0.0)
    weight_decay: float = Field(default=1e-4, ge=0.0)
    repeat_weight: float = Field(default=1.0, ge=0.0, le=1.0)


class RankerOptions(CheckpointOptions):
    """The ranker: where its candidates come from, and how it is trained; see `CheckpointOptions` too.

    Attributes:
        windows: Moments in the validation period from which the ranker looks back at histories.
        near_candidates: Products nearest to the user's vector, beside the user's own.
        neighbours: Nearest neighbours that are kept of each product, by the users who had both.
        neighbour_candidates: Products nearest to the user's own as neighbours, beside the user's own.
        popular_candidates: Products that sold best in the last days, beside the user's own.
        rule_candidates: Products that a rule leads to from the user's own, by confidence.
        rules: Whether the served ranker reads rules, and takes candidates from them, where the task mines any. The
            other way is trained too, and compared with.
        trainings: How often both ways are trained, each time from another seed. What rules bring is only told where
            that is twice or more, since one training of each says nothing of what the seed does.
        networks: Networks that learn the same from different beginnings; their mean is the score.
        units: Width of the first of a network's two hidden layers; the second has half of it.
        max_examples: Baskets to learn from at the most.
        sampled_candidates: Candidates that a training example keeps: those that were bought, and a sample of the
            others.
        batch_size: Baskets a step.
        max_epochs: Passes over the baskets at the most.
        patience: Epochs without a lower validation loss before training stops.
        learning_rate: Where the schedule (cosine decay) starts.
        cold_fraction: Share of the users who are learned from once more as if they were new: of their histories at
            most ten events are shown, and neighbours are found without them.
        novel_weight: Weight of the loss among the products that are new to the user, beside 1 for that among all.
        popularity_damping: How much of a product's popularity is taken out of its score where a user has one product of
            late: 0 for nothing, 1 for all of it; half as much is taken at eight products, or where they are three
            months old, and hardly anything at fifty. What everybody buys is likely to be bought next, so this costs
            accuracy after short histories: the summary has the ranker without it beside.
        exposure_caps: By column, such as brand or seller, products of one value that an answer has at the most before
            it has as many of every other value that has candidates; then as many again. It bounds how much attention a
            brand or a seller gets, as `exposure` in the summary tells. The summary has the ranker without it beside.
        kind_penalty: What a product's score, the logarithm of a likelihood, loses for each better one of its kind (its
            whole category); 0 for nothing. The summary has the ranker without it beside.
    """

    windows: int = Field(default=4, ge=1)
    near_candidates: int = Field(default=250, ge=1)
    neighbours: int = Field(default=20, ge=1)
    neighbour_candidates: int = Field(default=100, ge=1)
    popular_candidates: int = Field(default=50, ge=1)
    rule_candidates: int = Field(default=20, ge=1)
    rules: bool = False
    trainings: int = Field(default=1, ge=1, le=10)
    networks: int = Field(default=3, ge=1)
    units: int = Field(default=64, ge=2)
    max_examples: int = Field(default=10_000, ge=1)
    sampled_candidates: int = Field(default=150, ge=2)
    batch_size: int = Field(default=64, ge=1)
    max_epochs: int = Field(default=6, ge=1)
    patience: int = Field(default=2, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0.0)
    cold_fraction: float = Field(default=0.2, ge=0.0, le=1.0)
    novel_weight: float = Field(default=2.0, ge=0.0)
    popularity_damping: float = Field(default=1.0, ge=0.0, le=2.0)
    kind_penalty: float = Field(default=0.0, ge=0.0)
    exposure_caps: dict[str, Annotated[int, Field(ge=1)]] = Field(default={})


class LeaveOutOptions(Options):
    """Products that are never recommended, whatever is asked; those whose `recommendable` is false are not either.

    Attributes:
        category: Whose categories are these: a level of any depth ("Fuel"), or levels that follow each other, joined by
            " > " ("Grocery > Deposits").
        product_id: Whose ids are these.
    """

    category: tuple[str, ...] = ()
    product_id: tuple[str, ...] = ()


class ServingOptions(AnswerOptions):
    """What a served recommendation model is exported with, beside `AnswerOptions`.

    Attributes:
        history_length: Events that a request carries.
        collapse: What an answer counts as one thing. `title` lists products of one title once; `none` lists every
            product.
    """

    history_length: int = Field(default=512, ge=1)
    collapse: Literal["title", "none"] = BY_TITLE


class TwoTowerOptions(Options):
    """Everything that training the two towers reads.

    Attributes:
        text: How texts become vectors; None where texts are off.
        tower: The shape of the towers.
        training: How they are trained.
        update: What is other in an update.
        privacy: How little the towers learn from any one user; None for a training that is not private.
    """

    text: TextOptions | None = TextOptions()
    tower: TowerOptions = TowerOptions()
    training: TrainingOptions = TrainingOptions()
    update: UpdateOptions = UpdateOptions()
    privacy: NetworkPrivacyOptions | None = None

    @model_validator(mode="after")
    def _nothing_is_learned_beside_private_steps(self) -> Self:
        check_private(self.privacy, self.tower)
        return self


def check_private(privacy: NetworkPrivacyOptions | None, tower: TowerOptions) -> None:
    """Refuses a linear model beside private towers.

    Raises:
        ValueError: There is one.
    """
    if privacy is not None and tower.linear_dimensions:
        raise ValueError(
            "`privacy` is given: the linear model of histories is not learned privately; set "
            "`towers.linear_dimensions` to 0"
        )


class RankerTrainingOptions(Options):
    """Everything that training the ranker reads.

    Attributes:
        ranker: The ranker's own options.
        history_length: Events of a history that it counts over, as many as the served model is given.
        update: What is other in an update.
    """

    ranker: RankerOptions = RankerOptions()
    history_length: int = 512
    update: UpdateOptions = UpdateOptions()
