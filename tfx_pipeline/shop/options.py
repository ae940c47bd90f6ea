"""What a configuration says beside its tasks: where the tables lie, how texts become vectors, what is borne."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from components.tables.bots.options import BotOptions
from components.tables.drift.options import DriftOptions
from components.tables.form_checks import known_zone
from components.tables.sources import TableSource, TableSources
from tfx_pipeline.shop.beam_options import BeamOptions
from tfx_pipeline.shop.values import off_is_none
from tfx_pipeline.workers.options import LocalOptions
from trainer.options import Options, PictureOptions, TextOptions, UpdateOptions

# The column of products, or of texts, that says where a picture lies.
IMAGE = "image"


class Tables(Options):
    """The input tables; relative paths are taken from the configuration's folder.

    A table is a path (a file, a folder or a glob), a source in the long form, or a list of these. The keys of the long
    form are those of `tables.TABLE` below, where TABLE is the name of the table.

    Attributes:
        events: Who did what with which product, and when.
        products: The catalogue. May be left out where `text` is off.
        users: Attributes to slice the evaluation by.
        judgements: How relevant products are to queries.
        texts: Labelled texts.
        unlabelled_texts: Texts without labels, for classification to learn from too.
        impressions: What was shown to whom and when, and what came of it.
        offers: What may be offered: a coupon, a campaign, an advertisement.
        promotions: What is advertised or sold at a discount, when and where; past and planned.
        stock: What is in stock, with lead times, pack sizes and costs; rows with a date say when it was out.
        answers: What the shop answers to questions; a row for each question that an answer has, or without any.
        dialogues: Talks of customers with the shop, a row a turn.
        synonyms: Other words for what the shop sells, for search.
        relations: Accessories, replacements and variants of products, for recommendation.
        pins: Products that have a place of their own in answers, or none, for search and recommendation.
    """

    events: TableSources | None = None
    products: TableSources | None = None
    users: TableSources | None = None
    judgements: TableSources | None = None
    texts: TableSources | None = None
    unlabelled_texts: TableSources | None = None
    impressions: TableSources | None = None
    offers: TableSources | None = None
    promotions: TableSources | None = None
    stock: TableSources | None = None
    answers: TableSources | None = None
    dialogues: TableSources | None = None
    synonyms: TableSources | None = None
    relations: TableSources | None = None
    pins: TableSources | None = None

    def given(self) -> dict[str, tuple[TableSource, ...]]:
        """Returns the sources of each table that was given, by table name."""
        return {name: sources for name, sources in self if sources is not None}

    def at(self, folder: str) -> "Tables":
        """Returns the same with relative paths taken from a folder or a URI."""
        moved = {name: tuple(source.at(folder) for source in sources) for name, sources in self.given().items()}
        return self.model_copy(update=moved)


class Limits(Options):
    """How much bad data a run bears.

    Attributes:
        max_bad_fraction: Share of a table's rows that may be quarantined.
        max_unknown_product_fraction: Share of the events whose product may be missing from the products table.
    """

    max_bad_fraction: float = Field(0.01, ge=0.0, le=1.0)
    max_unknown_product_fraction: float = Field(0.2, ge=0.0, le=1.0)


class ExtraColumns(Options):
    """Columns of a table that are kept beyond those that Shelfwise knows: features of products, slices of the others.

    Attributes:
        numeric: Names of columns with numbers.
        categorical: Names of columns with categories.
    """

    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()


class SliceColumns(ExtraColumns):
    """Extra columns of users and of texts, which the evaluation is sliced by; nothing learns from them.

    Attributes:
        numeric: Stays empty, since only products have numbers as features.
        categorical: Names of columns; the evaluation has metrics for each of their values.
    """

    @field_validator("numeric")
    @classmethod
    def _slices_have_values(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if columns:
            raise ValueError(
                f"no model learns from numbers of users or texts ({', '.join(columns)}); their columns slice the "
                "evaluation by value and belong under `categorical`, and only products have `numeric` features"
            )
        return columns


class Features(Options):
    """The extra columns of each table.

    Attributes:
        products: Columns that the item tower learns from.
        users: Columns that the evaluation of recommendation and segmentation is sliced by.
        events: Columns that are kept in the examples of the table; nothing learns from them.
        texts: Columns that the evaluation of a classifier is sliced by.
        impressions: Columns that the task response learns from, and is told by whoever asks its model.
        offers: Columns that the task response learns from.
    """

    products: ExtraColumns = ExtraColumns()
    users: SliceColumns = SliceColumns()
    events: ExtraColumns = ExtraColumns()
    texts: SliceColumns = SliceColumns()
    impressions: ExtraColumns = ExtraColumns()
    offers: ExtraColumns = ExtraColumns()


class ShopOptions(Options):
    """All of a configuration but its tasks.

    Attributes:
        name: Name of the pipeline, in ML Metadata and on Kubeflow.
        tables: The input tables; relative paths start at the configuration's folder.
        text: How product texts become vectors; `off` for a shop without texts.
        pictures: Whether pictures are read, and how they become vectors.
        markup: What becomes of HTML in texts of products and in classified texts: `cut` (tags, and what scripts hold,
            are taken away when a table is read, and entities become characters) or `kept`.
        limits: How much bad data a run accepts.
        bots: Whose events are left out, since no person acts like that; left out, everybody counts.
        drift: How much a table may change from run to run.
        features: Extra columns to keep.
        plain_user_ids: Whether user ids are written as they are in logs and quarantine, not as keyed hashes.
        time_zone: Time zone of the shop, such as `Europe/Berlin`: where its days and weeks begin, and what times that
            name no zone are read in.
        update: What `shelfwise update` does otherwise than a run.
        seed: Seed of everything random.
        local: What a run may take of this machine.
        beam: What runs all that grows with the tables.
        version: Version of the form of this file.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")] = "shelfwise"
    tables: Tables
    text: Annotated[TextOptions | None, BeforeValidator(off_is_none)] = TextOptions()
    pictures: PictureOptions = PictureOptions()
    markup: Literal["cut", "kept"] = "cut"
    limits: Limits = Limits()
    bots: BotOptions | None = None
    drift: DriftOptions = DriftOptions()
    features: Features = Features()
    plain_user_ids: bool = False
    time_zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    update: UpdateOptions = UpdateOptions()
    seed: int = Field(0, ge=0, lt=2**31)
    local: LocalOptions = LocalOptions()
    beam: BeamOptions = BeamOptions()
    version: Literal[1] = 1

    @property
    def beam_args(self) -> tuple[str, ...]:
        """What Beam is told."""
        return self.beam.arguments()

    @model_validator(mode="before")
    @classmethod
    def _beam_has_a_runner(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "beam_args" in values:
            raise ValueError(
                "`beam_args` is now `beam`, which names the runner and what it needs, as in `beam: {runner: flink, "
                "master: HOST:8081, environment: external, environment_config: HOST:50000}`"
            )
        return values

    def needs_table(self, name: str, why: str) -> None:
        """Refuses a configuration without a table.

        Args:
            name: The table.
            why: What needs it, and what for.

        Raises:
            ValueError: The table is not given.
        """
        if getattr(self.tables, name) is None:
            raise ValueError(f"`tables.{name}` is missing; {why}")

    def text_backbone(self) -> dict[str, str]:
        """Returns the backbone of the texts by its key; empty where texts are off."""
        return {} if self.text is None else {"text.backbone": self.text.backbone}

    def picture_backbone(self) -> dict[str, str]:
        """Returns the backbone of the pictures by its key; empty where none are read."""
        return {"pictures.backbone": self.pictures.backbone} if self.pictures.read else {}

    def products_at(self, path: str) -> TableSource:
        """Returns another products table, that is written as this one where that comes from one source."""
        sources = self.tables.products or ()
        written = sources[0].model_copy(update={"path": path}) if len(sources) == 1 else TableSource(path=path)
        return written.in_zone(self.time_zone)

    def text_for(self, why: str) -> TextOptions:
        """Returns how texts become vectors.

        Args:
            why: What needs that, and what for.

        Raises:
            ValueError: The configuration says `text: off`.
        """
        if self.text is None:
            raise ValueError(f"`text` is off; {why}")
        return self.text
