"""SearchIndex: vectors, words and clusters of the whole catalogue, and the model that is served from them."""

import functools
import json
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from tfx.utils import io_utils, path_utils
from typing_extensions import override

from components.artifacts import Catalogue, PictureVectors, TextVectors
from components.merchant.tables import SEARCH_TABLES, merchant_word
from components.parameters import execution_parameters
from components.products.trained_text_vectors import WriteTrainedTextVectors
from components.search.catalogue_clusters import cluster_catalogue
from components.search.dictionary import pinyin_reading, shoppers_words
from components.search.found_together import all_together, texts_in_baskets, texts_of_queries
from components.search.index_options import SearchIndexOptions
from components.search.picture_parts import catalogue_pictures, picture_card, picture_side, with_looks
from components.search.tower_choice import choose_tower
from components.tables.read_back import input_files
from serving.graph.filters import MAX_EXCLUDED_IDS
from serving.graph.text_embedder import TextEmbedder
from serving.model_names import SEARCH_MODEL
from serving.search.module import SearchModule
from serving.search.ranking import Fusion
from serving.search.reading import MAX_QUERY_CHARACTERS
from trainer.artifacts.catalogue import distinct_texts, load_catalogue, load_catalogue_facts
from trainer.artifacts.model_versions import package_versions
from trainer.artifacts.names import TRAINED_TEXT_VECTORS_FOLDER
from trainer.fitting.training_summary import read_training_summary
from trainer.search.encoder import Vectors, load_encoder, text_embedder
from trainer.search.export import export_for_judging, export_search, export_weighted
from trainer.search.groups.names import group_names
from trainer.search.index.build import build_fusion, build_index, build_module
from trainer.search.index.category_vectors import categories_of_texts, with_categories
from trainer.search.index.corrections import known_words
from trainer.search.index.kinds import with_kinds
from trainer.search.index.pinyin import with_pinyin
from trainer.search.index.postings import build_postings
from trainer.search.index.telling_words import weigh_by_meaning
from trainer.search.personal.examples import load_asked
from trainer.search.personal.training import learn_reranker
from trainer.search.queries import load_queries
from trainer.search.query_tower.tower import QueryTower, load_query_tower
from trainer.text.text_vectors import load_text_vectors

COMPARISON_FOLDER, FULL_QUERY_TOWER_FOLDER, INDEX_FILE = "Comparison", "FullQueryTower", "index.json"
RERANKER_LOGS_FOLDER = "RerankerLogs"

_VERSIONED_PACKAGES = ("tensorflow", "tensorflow-text", "keras", "keras-nlp", "tfx", "shelfwise")


class _Assembled(NamedTuple):
    """A model with one of the towers; `build` makes the same with the full one."""

    module: SearchModule
    build: Callable[..., SearchModule]
    fusion: Fusion
    recall: float | None


class SearchIndexSpec(ComponentSpec):
    """Inputs, outputs and parameters of SearchIndex."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(options_json=str, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "encoder": ChannelParameter(type=standard_artifacts.Model),
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
        "text_vectors": ChannelParameter(type=TextVectors),
        "events": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "synonyms": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "pins": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "picture_vectors": ChannelParameter(type=PictureVectors, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {"model": ChannelParameter(type=standard_artifacts.Model)}


class SearchIndexExecutor(BaseBeamExecutor):
    """Embeds the texts in Beam, then puts the served model together."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the served model.

        Texts are spread over workers where their encoder was trained. The rest holds the catalogue with its vectors,
        as every server does, and some thousand validation queries.

        Args:
            input_dict: `encoder`: the trained encoder. `examples`: queries, of which the split `eval` says how much
                words count beside meaning, and tunes the index. `catalogue`: the products. `text_vectors`: vectors of
                their texts before training; not read where BERT was trained, which encodes the texts anew. Maybe
                `events`: what is bought together, by which a catalogue without categories is clustered. Maybe
                `synonyms` and `pins`: what the merchant says. Maybe
                `picture_vectors`: vectors of the products' pictures.
            output_dict: `model`: `Format-Serving/` is the SavedModel with warm-up file and model card; `Comparison/`
                a SavedModel whose signature `weighted` weighs both sides as it is asked to; `FullQueryTower/`, where
                queries are read by a taught tower, the same model without it; `index.json` has the keys recall (of the
                index against exact search), query_tower (`components.search.tower_choice.TowerChoice`, or null where
                none was taught), fusion, distinct_texts, wordnet (its folder, null where it was not found, and how many
                synonyms; null where none is wanted), clusters (their quality),
                pictures (what they add, where there are any) and personal (what the reranker for who asks adds on users
                that it has not seen, and whether it serves; where events have queries). `RerankerLogs/` has its
                training, for TensorBoard.
                Where BERT was trained, `trained_text_vectors/vectors-*.parquet` has columns text and vector.
            exec_properties: `options_json`: SearchIndexOptions. `source_digest` only keys the cache.
        """
        options = SearchIndexOptions.model_validate_json(exec_properties["options_json"])
        reading = pinyin_reading(options.serving.pinyin)
        encoder_uri = get_single_instance(input_dict["encoder"]).uri
        catalogue_uri = get_single_instance(input_dict["catalogue"]).uri
        output_uri = get_single_instance(output_dict["model"]).uri
        fileio.makedirs(output_uri)
        examples_uri = get_single_instance(input_dict["examples"]).uri
        encoder, catalogue = load_encoder(encoder_uri), load_catalogue(catalogue_uri)
        text_of_product, texts = distinct_texts(catalogue["text"].to_pylist())
        text_vectors_uri = get_single_instance(input_dict["text_vectors"]).uri
        if encoder.head is None:
            # Under the output, which distributed workers can write to.
            text_vectors_uri = f"{output_uri}/{TRAINED_TEXT_VECTORS_FOLDER}"
            fileio.makedirs(text_vectors_uri)
            with self._make_beam_pipeline() as pipeline:
                _ = pipeline | WriteTrainedTextVectors(texts, encoder_uri, options.text_batch_size, text_vectors_uri)
        vectors = encoder.finish(load_text_vectors(text_vectors_uri, texts), encoder.token_ids(texts))

        def embed(texts: list[str]) -> Vectors:
            return encoder.embed(texts, options.text_batch_size)

        searched = with_categories(
            vectors, categories_of_texts(catalogue["category"].to_pylist(), text_of_product, len(texts)), embed
        )
        queries = load_queries(examples_uri, "eval")
        asked = queries.of_texts(text_of_product)
        known = known_words(encoder.text_encoder.tokenizer.get_vocabulary())
        postings = with_kinds(build_postings(texts, options.serving.lexical), texts)
        postings = weigh_by_meaning(postings, searched, known, embed)
        tower = load_query_tower(encoder_uri, encoder)
        vocabulary, wordnet = shoppers_words(
            options.serving.wordnet, postings, searched, known, encoder if tower is None else tower
        )
        vocabulary = with_pinyin(vocabulary, catalogue, postings, known, reading)
        pictures = None
        if options.pictures is not None:
            pictures = catalogue_pictures(
                get_single_instance(input_dict["picture_vectors"]).uri,
                catalogue,
                text_of_product,
                searched,
                asked,
                embed,
                postings,
                options.serving,
                relevant_from=options.relevant_from,
                seed=options.seed,
            )
        if pictures is not None:
            catalogue = with_looks(catalogue, pictures)
            searched = pictures.found_by(searched)
        side = picture_side(pictures, options.pictures)
        clustered = cluster_catalogue(
            catalogue,
            texts,
            vectors,
            text_of_product,
            encoder,
            lambda: all_together(
                texts_in_baskets(input_files(input_dict, "events"), catalogue["product_id"], text_of_product),
                texts_of_queries(load_queries(examples_uri, "train"), text_of_product),
            ),
            options.clusters,
            batch_size=options.text_batch_size,
            seed=options.seed,
        )
        merchant = merchant_word({name: input_files(input_dict, name) for name in SEARCH_TABLES})
        embedder = text_embedder(encoder)
        groups = group_names(catalogue["title"].to_pylist(), catalogue["category"].to_pylist(), text_of_product)

        def assemble(tower: QueryTower, query_embedder: TextEmbedder) -> _Assembled:
            query_vectors = tower.embed(queries.queries, options.text_batch_size)
            fusion = build_fusion(postings, searched, asked, query_vectors, options.serving, options.relevant_from)
            measured = build_index(searched, query_vectors, options.serving, options.seed)
            build = functools.partial(
                build_module,
                catalogue,
                embedder=embedder,
                index=measured.vectors,
                postings=postings,
                known_words=known,
                vocabulary=vocabulary,
                groups=groups,
                fusion=fusion,
                options=options.serving,
                merchant=merchant,
                pictures=side,
            )
            return _Assembled(build(query_embedder=query_embedder), build, fusion, measured.recall)

        choice = None
        served = assemble(encoder, embedder) if tower is None else assemble(tower, tower.embedder())
        if tower is not None:
            full = served.build()
            choice = choose_tower(served.module, full, queries, options.relevant_from, options.max_query_tower_loss)
            if choice.is_served:
                export_for_judging(f"{output_uri}/{FULL_QUERY_TOWER_FOLDER}", full)
            else:
                served = assemble(encoder, embedder)
        fusion, personal = served.fusion, None
        if options.personal is not None and (asked_by := load_asked(examples_uri, options.personal.max_examples)):
            read_by = encoder if choice is None or not choice.is_served or tower is None else tower
            query_embedder = embedder if read_by is encoder else read_by.embedder()
            built = served.build
            personal = learn_reranker(
                asked_by,
                catalogue,
                lambda model: built(query_embedder=query_embedder, personal=model),
                lambda texts: np.asarray(read_by.embed(texts, options.text_batch_size)),
                options.personal,
                event_types=options.event_types,
                bought_event_type=options.bought_event_type,
                collapse=options.serving.collapse,
                log_uri=f"{output_uri}/{RERANKER_LOGS_FOLDER}",
                seed=options.seed,
            )
            if personal.model is not None:
                module = built(query_embedder=query_embedder, personal=personal.model)
                served = served._replace(module=module)
        card = _model_card(encoder_uri, load_catalogue_facts(catalogue_uri), options, fusion, catalogue, vectors)
        if pictures is not None and options.pictures is not None:
            card |= picture_card(pictures, options.pictures)
        reranker = None if personal is None else personal.model
        if personal is not None and reranker is not None:
            card["personal"] = personal.report
        export_search(path_utils.serving_model_path(output_uri), served.module, clustered.clusters, card, reranker)
        export_weighted(f"{output_uri}/{COMPARISON_FOLDER}", served.module)
        index = {
            "recall": served.recall,
            "query_tower": choice and choice._asdict(),
            "fusion": fusion._asdict(),
            "distinct_texts": len(texts),
            "wordnet": wordnet,
            "clusters": clustered.report,
            **({} if pictures is None else {"pictures": pictures.report}),
            **({} if personal is None else {"personal": personal.report}),
        }
        io_utils.write_string_file(f"{output_uri}/{INDEX_FILE}", json.dumps(index, indent=1))


class SearchIndex(BaseBeamComponent):
    """Embeds, clusters and indexes the catalogue, and exports the model that is served.

    Args:
        encoder: The trained encoder.
        examples: Queries, with a split `eval`.
        catalogue: The products.
        text_vectors: Vectors of their texts before training.
        options: What the served model is made of.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        events: Table of events.
        synonyms: Table of the merchant's synonyms.
        pins: Table of the merchant's pins.
        picture_vectors: Vectors of the products' pictures; needed where the options name pictures.

    Output `model` (standard_artifacts.Model).
    """

    SPEC_CLASS = SearchIndexSpec
    EXECUTOR_SPEC = BeamExecutorSpec(SearchIndexExecutor)

    def __init__(
        self,
        *,
        encoder: BaseChannel,
        examples: BaseChannel,
        catalogue: BaseChannel,
        text_vectors: BaseChannel,
        options: SearchIndexOptions,
        source_digest: str,
        events: BaseChannel | None = None,
        synonyms: BaseChannel | None = None,
        pins: BaseChannel | None = None,
        picture_vectors: BaseChannel | None = None,
    ) -> None:
        super().__init__(
            SearchIndexSpec(
                encoder=encoder,
                examples=examples,
                catalogue=catalogue,
                text_vectors=text_vectors,
                events=events,
                synonyms=synonyms,
                pins=pins,
                picture_vectors=picture_vectors,
                options_json=options.model_dump_json(),
                source_digest=source_digest,
                model=Channel(type=standard_artifacts.Model),
            )
        )


def _model_card(
    encoder_uri: str,
    facts: dict[str, Any],
    options: SearchIndexOptions,
    fusion: Fusion,
    catalogue: pa.Table,
    vectors: np.ndarray,
) -> dict[str, Any]:
    return {
        "model": SEARCH_MODEL,
        "data": facts,
        "training": read_training_summary(encoder_uri),
        "versions": package_versions(_VERSIONED_PACKAGES),
        "text_fields": list(options.text_fields),
        "serving": options.serving.model_dump(mode="json"),
        "fusion": fusion._asdict(),
        "limits": {
            "default_k": options.serving.default_k,
            "max_k": options.serving.max_k,
            "dimensions": int(vectors.shape[1]),
            "exclude_ids": MAX_EXCLUDED_IDS,
            "products": len(catalogue),
            "query_characters": MAX_QUERY_CHARACTERS,
        },
        **options.model_card,
    }
