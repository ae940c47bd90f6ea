"""Options of the search model and its training; plain models that the configuration can import without TFX."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from trainer.options import BY_TITLE, NOT_COLLAPSED, AnswerOptions, HardwareOptions, Options, TextOptions

# Stands in `query_layers` for a tower without layers of BERT.
STATIC: Literal["static"] = "static"
# Stands in `wordnet` for where the system keeps it.
WORDNET_WHERE_IT_IS = "auto"


class LexicalOptions(Options):
    """The lexical side: BM25 over the products' texts.

    Attributes:
        k1: How soon more repeats of a word in a text stop adding to its score.
        b: How much the score of a long text is lowered for its length.
    """

    k1: float = Field(default=0.9, ge=0.0)
    b: float = Field(default=0.4, ge=0.0, le=1.0)


class SearchServingOptions(AnswerOptions):
    """What a served search model is made of; how many products it answers, `AnswerOptions` says.

    Attributes:
        dense: Whether products are found by meaning, with the trained encoder.
        lexical: How products are found by their words; `off` leaves that side out.
        collapse: What an answer counts as one thing. `title` lists products of one title once, with how many there are;
            `none` lists every product; else the name of a column of products, such as parent_id, which
            `features.products.categorical` names too.
        exact_limit: Distinct texts up to which a query is compared with whole vectors. Above it all texts are ranked by
            a third of the values, and the best of them by all.
        cells_limit: Distinct texts above which not all are ranked but those of the nearest cells, by an inverted file.
        storage: How an inverted file holds its vectors.
        index_recall: Recall at 10 against exact search, on validation queries, that an inverted file is tuned to, and
            short of which whole vectors are compared.
        wordnet: Folder of the database of WordNet, whose nouns are read as what the catalogue calls the same thing, or
            its kind: nappies as diapers, and oreos as cookies. `auto` takes what the set-up fetched, or
            /usr/share/wordnet, and a note says where there is neither. For shops in English; left out, a query has its
            own words alone.
        pinyin: Whether Chinese words of titles, brands and categories are found by their pinyin, `niunai` or `niu nai`
            for 牛奶. It needs the package pypinyin where the index is built, and nothing where it is served.
        undisguise: Whether queries are read with Latin letters for such as look like them, with drawn-out letters
            shortened and spelled-out words joined, where the catalogue knows more of them then.
    """

    dense: bool = True
    lexical: Annotated[LexicalOptions | None, BeforeValidator(lambda value: None if value is False else value)] = (
        LexicalOptions()
    )
    collapse: str = Field(default="title", min_length=1)
    exact_limit: int = Field(default=20_000, ge=1)
    cells_limit: int = Field(default=200_000, ge=1)
    storage: Literal["int8", "float16"] = "int8"
    index_recall: float = Field(default=0.97, gt=0.0, le=1.0)
    wordnet: str | None = None
    pinyin: bool = False
    undisguise: bool = False

    @property
    def collapse_columns(self) -> tuple[str, ...]:
        """Names of the columns, beside the title, that tell what is one thing: one or none."""
        return () if self.collapse in (BY_TITLE, NOT_COLLAPSED) else (self.collapse,)

    @model_validator(mode="after")
    def _has_a_side(self) -> "SearchServingOptions":
        if not self.dense and self.lexical is None:
            raise ValueError("`dense` and `lexical` are both off; leave one of them on")
        return self


class SearchTrainingOptions(HardwareOptions):
    """How the encoder, or what stands on top of it, learns from queries; on what, `HardwareOptions` says.

    The defaults are for a BERT that stays as it is. One that is trained wants a smaller `learning_rate` (1e-4), a
    smaller `batch_size` (64), and one or two epochs.

    Attributes:
        batch_size: Queries a step, each with one product that answers it.
        hard_negatives: Products for each query that do not answer it, beside those of the other queries: judged
            irrelevant, or near to the query in the index and not judged. Those of queries that were made of the
            catalogue are drawn from all texts.
        mined_from: First of the ranks in the index that hard negatives are drawn from. Products before it are left out,
            since many of them answer the query though nobody has said so.
        mined_to: Rank in the index at which drawing hard negatives ends.
        relevant_from: Least relevance of a pair that is learned.
        temperature: Divides the scores in the softmax.
        kept: How much what is learned of queries that were made of the catalogue is held near the similarities by BERT
            as it came, where BERT stays as it is.
        max_epochs: Passes over the pairs at the most.
        patience: Epochs without a better validation NDCG before training stops.
        learning_rate: Peak of the schedule (linear warm-up, cosine decay).
        weight_decay: Decoupled weight decay of AdamW.
        max_pairs: Pairs of a query and a product to learn from at the most, a seeded sample where there are more.
        max_texts: Texts that negatives are mined from and validation ranks at the most: those that answer a query, and
            a seeded sample of the others.
        max_compared: Queries times texts that mining compares at the most. Where there are more, each epoch mines in
            another seeded sample of the texts, between ranks that are lower by as much as the sample is smaller.
        query_layers: What reads queries when they are served, taught by the BERT that reads products: `static`, a table
            of token vectors with one hidden layer and without attention, or so many layers of that BERT. 0 has queries
            read by that BERT itself, and so has a run whose taught tower loses more of the NDCG on the validation
            queries than `gate.max_query_tower_loss`.
    """

    batch_size: int = Field(default=256, ge=2)
    hard_negatives: int = Field(default=1, ge=0)
    mined_from: int = Field(default=10, ge=0)
    mined_to: int = Field(default=60, ge=1)
    relevant_from: float = Field(default=0.5, gt=0.0, le=1.0)
    temperature: float = Field(default=0.05, gt=0.0)
    kept: float = Field(default=1.0, ge=0.0)
    max_epochs: int = Field(default=4, ge=1)
    patience: int = Field(default=1, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0.0)
    weight_decay: float = Field(default=1e-2, ge=0.0)
    max_pairs: int = Field(default=200_000, ge=1)
    max_texts: int = Field(default=100_000, ge=1)
    max_compared: int = Field(default=300_000_000, ge=1)
    query_layers: Literal["static"] | Annotated[int, Field(ge=0)] = STATIC

    @model_validator(mode="after")
    def _mines_between_two_ranks(self) -> "SearchTrainingOptions":
        if self.mined_to <= self.mined_from:
            raise ValueError("`mined_to` must be above `mined_from`")
        return self


class PersonalOptions(Options):
    """The reranker for who asks, which learns from events with a query: how it is trained and what it serves.

    Attributes:
        history_length: Events of a history that a request carries.
        min_examples: Queries of half of the users that it takes to learn anything; with fewer there is no signature
            `personal`.
        max_examples: Queries of users to learn from at the most.
        networks: Networks that learn the same from different beginnings; their mean is the score.
        units: Width of the first of a network's two hidden layers; the second has half of it.
        batch_size: Queries a step.
        max_epochs: Passes over the queries at the most.
        learning_rate: Where the schedule (cosine decay) starts.
    """

    history_length: int = Field(default=512, ge=1)
    min_examples: int = Field(default=500, ge=10)
    max_examples: int = Field(default=20_000, ge=1)
    networks: int = Field(default=2, ge=1)
    units: int = Field(default=32, ge=2)
    batch_size: int = Field(default=64, ge=1)
    max_epochs: int = Field(default=6, ge=1)
    learning_rate: float = Field(default=3e-3, gt=0.0)


class SearchOptions(Options):
    """Everything that training the search encoder reads.

    Attributes:
        text: The encoder; `frozen` learns a head on top of it, `lora` and `full` train it.
        training: How it is trained.
    """

    text: TextOptions = TextOptions()
    training: SearchTrainingOptions = SearchTrainingOptions()
