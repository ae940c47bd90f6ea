"""The configuration: what is read, what is refused, and in which words."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.tables.sources import TableSource
from tfx_pipeline.config.config import changed_config, load_config, read_config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.shop.options import ShopOptions

SHOP = """
name: shop
tables:
  products: products.csv
  events: events.jsonl
tasks:
  recommendation:
    min_product_events: 5
"""


SEARCH = "tables: {products: p.csv}\ntasks: {search: {}}"
SEGMENTS = "tables: {events: e.csv}\ntasks: {segmentation: {}}"
TEXTS = "tables: {texts: t.csv}\ntasks: {classification: {}}"


def write(folder: Path, text: str) -> Path:
    file = folder / "shop.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_tables_are_found_beside_the_configuration(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SHOP))
    assert config.tables.given() == {
        "events": (TableSource(path=str(tmp_path / "events.jsonl")),),
        "products": (TableSource(path=str(tmp_path / "products.csv")),),
    }
    assert config.tasks.requested() == ("recommendation",)
    assert config.tasks.recommendation is not None
    assert config.tasks.recommendation.min_product_events == 5


def test_on_needs_no_quotes_though_yaml_takes_it_for_true(tmp_path: Path) -> None:
    text = "tables: {events: {path: a.csv, join: {path: b.csv, on: order_id}}}\ntext: off\ntasks: {recommendation: }"
    for written in (text, text.replace(" on:", ' "on":')):
        (events,) = read_config(write(tmp_path, written)).tables.given()["events"]
        assert [join.on for join in events.join] == ["order_id"]


@pytest.mark.parametrize("more", ["", "text: off\n"])
def test_a_configuration_comes_back_from_a_summary(tmp_path: Path, more: str) -> None:
    config = load_config(write(tmp_path, SHOP + more))
    values = config.model_dump(mode="json")
    assert changed_config(values, [], "summary.json") == config
    changed = changed_config(values, ["tasks.recommendation.min_product_events=7"], "summary.json")
    assert changed.tasks.requested() == ("recommendation",)
    assert changed.tasks.recommendation is not None
    assert changed.tasks.recommendation.min_product_events == 7
    assert changed_config(values, [], "summary.json") == config


def test_remote_tables_are_left_alone(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SHOP), ["tables.events=gs://bucket/events-*.parquet"])
    assert config.tables.events == (TableSource(path="gs://bucket/events-*.parquet"),)


def test_a_task_without_options_has_the_defaults(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "tables: {events: e.csv}\ntext: off\ntasks:\n  recommendation:\n"))
    assert config.tasks.recommendation is not None
    assert config.text is None


def test_a_side_of_search_can_be_off(tmp_path: Path) -> None:
    both = load_config(write(tmp_path, SEARCH)).tasks
    assert both.requested() == ("search",)
    assert both.search is not None
    assert both.search.serving.dense
    assert both.search.serving.lexical is not None
    by_meaning = load_config(write(tmp_path, SEARCH), ["tasks.search.serving.lexical=off"]).tasks.search
    assert by_meaning is not None
    assert by_meaning.serving.lexical is None
    by_words = load_config(write(tmp_path, SEARCH), ["tasks.search.serving.dense=false"]).tasks.search
    assert by_words is not None
    assert not by_words.serving.dense


def test_products_are_collapsed_by_a_column_that_is_kept(tmp_path: Path) -> None:
    named = ["tasks.search.serving.collapse=parent_id", "features.products.categorical=[parent_id]"]
    search = load_config(write(tmp_path, SEARCH), named).tasks.search
    assert search is not None
    assert search.serving.collapse_columns == ("parent_id",)


def test_exposure_is_capped_by_columns_that_are_compared_and_kept(tmp_path: Path) -> None:
    file = write(tmp_path, SHOP)
    capped = "tasks.recommendation.ranker.exposure_caps={origin: 2}"
    compared = "tasks.recommendation.exposure_columns=[brand, origin]"
    kept = "features.products.categorical=[origin]"
    task = load_config(file, [capped, compared, kept]).tasks.recommendation
    assert task is not None
    assert task.ranker is not None
    assert task.ranker.exposure_caps == {"origin": 2}
    with pytest.raises(ConfigError, match=r"`ranker.exposure_caps` names `origin`"):
        load_config(file, [capped, kept])
    with pytest.raises(ConfigError, match=r"`tasks.recommendation.exposure_columns` names `origin`.*categorical"):
        load_config(file, [capped, compared])
    with pytest.raises(ConfigError, match=r"exposure_caps.*1"):
        load_config(file, ["tasks.recommendation.ranker.exposure_caps={brand: 0}"])


def test_both_tasks_or_one_of_them(tmp_path: Path) -> None:
    file = write(tmp_path, SHOP + "  search:\n")
    assert load_config(file).tasks.requested() == ("recommendation", "search")
    assert load_config(file, tasks=["search"]).tasks.requested() == ("search",)


@given(rate=st.floats(1e-6, 1.0), layers=st.integers(1, 6))
def test_overrides_replace_what_the_file_says(
    tmp_path_factory: pytest.TempPathFactory, rate: float, layers: int
) -> None:
    file = write(tmp_path_factory.mktemp("config"), SHOP)
    config = load_config(
        file,
        [
            f"tasks.recommendation.training.learning_rate={rate:.12f}",
            f"tasks.recommendation.towers.layers={layers}",
        ],
    )
    assert config.tasks.recommendation is not None
    assert config.tasks.recommendation.training.learning_rate == pytest.approx(rate, abs=1e-11)
    assert config.tasks.recommendation.towers.layers == layers


@pytest.mark.parametrize(
    ("text", "overrides", "message"),
    [
        (SHOP + "colour: red", [], "unknown key `colour`"),
        (SHOP, ["tasks.recommendation.towers.layer=2"], "unknown key `tasks.recommendation.towers.layer`"),
        (SHOP, ["tasks.recommendation.rules.min_support=0"], "`tasks.recommendation.rules.min_support`: expected a fr"),
        (SHOP, ["tasks.recommendation.rules.min_support=1.5"], "above 0 and at most 1 (0.001), or a whole number"),
        (SHOP, ["seed=soon"], "`seed`: input should be a valid integer"),
        (
            SHOP,
            ["tasks.recommendation.towers.dropout=1.5"],
            "towers.dropout`: input should be less than 1, got 1.5",
        ),
        (SHOP, ["seed"], "--set seed: expected key.key=value"),
        (SHOP, ["name.first=x"], "`name` is a value"),
        ("tables: {events: e.csv}\ntasks: {recommendation: {}}", [], "`tables.products` is missing"),
        ("tables: {products: p.csv}\ntasks: {recommendation: {}}", [], "`tables.events` is missing"),
        (
            SHOP,
            ["tasks.recommendation.bought_event_type=rent"],
            "`tasks.recommendation`: `bought_event_type` is `rent`; it must be one of `event_types`: view",
        ),
        (SHOP, ["tasks.recommendation.event_types={purchase: 0}"], "`event_types` weighs nothing above 0"),
        ("tables: {events: e.csv}\ntasks: {}", [], "`tasks` names no task"),
        ("tasks: {recommendation: {}}", [], "`tables` is missing"),
        ("tables: {events: e.csv}\ntasks: {search: {}}", [], "`tables.products` is missing; the task search"),
        (
            "text: {fields: [title, review_phrases]}\ntables: {products: p.csv}\ntasks: {search: {}}",
            [],
            "`tables.texts` is missing; `text.fields` names `review_phrases`, of texts that name one of the products",
        ),
        (SEARCH, ["text=off"], "`text` is off; the task search needs texts"),
        (
            SEARCH,
            ["tasks.search.serving.collapse=parent_id"],
            "`tasks.search.serving.collapse` is `parent_id`; it must be `title`, `none`, or the name of a column of",
        ),
        (SEARCH, ["tasks.search.query.pseudo_queries=never"], "unknown key `tasks.search.query`"),
        (SEARCH, ["tasks.search.serving.lexical.k2=1"], "unknown key `tasks.search.serving.lexical.k2`"),
        (
            SEARCH,
            ["tasks.search.serving={dense: false, lexical: off}"],
            "`tasks.search.serving`: `dense` and `lexical` are both off; leave one of them on",
        ),
        (SEARCH, ["tasks.search.queries={eval_fraction: 0.5, test_fraction: 0.5}"], "leave nothing to train on"),
        (SEARCH, ["tasks.search.text_training=some"], "`tasks.search.text_training`: input should be 'frozen', 'lora'"),
        (SEARCH, ["tasks.search.gate.thresholds={ndcg_at_20: 0.1}"], "`ndcg_at_20` is not computed: add 20 to `k`"),
        (
            SEARCH,
            ["tasks.search.gate.thresholds={coverage_at_10: 0.1}"],
            "`coverage_at_10` is not a metric of search: use recall_at_K, ndcg_at_K or mrr_at_K",
        ),
        (
            "tables: {events: e.csv}\ntasks: {classification: {}}",
            [],
            "`tables.texts` is missing; the task classification",
        ),
        (TEXTS, ["text=off"], "`text` is off; the task classification needs its backbone"),
        (TEXTS, ["tasks.classification.split={eval_fraction: 0.5, test_fraction: 0.5}"], "nothing to train on"),
        (TEXTS, ["tasks.classification.backbone=scratch", "tasks.classification.pretrain_steps=0"], "knows nothing"),
        (
            TEXTS,
            ["tasks.classification.augmentation.rewritten=0.2"],
            "`augmentation.rewritten` needs a masked",
        ),
        (TEXTS, ["tasks.classification.training.loss=hinge"], "input should be 'cross_entropy' or 'focal'"),
        (
            TEXTS,
            ["tasks.classification.gate.thresholds={ndcg_at_10: 0.1}"],
            "`ndcg_at_10` is not a metric of classification: use one of accuracy, f1_macro, auc",
        ),
        (
            TEXTS,
            ["tasks.classification.gate.slice_thresholds={lang=fr: {auc: 0.5}}", "features.texts.categorical=[shop]"],
            "`tasks.classification.gate.slice_thresholds` names the slice `lang=fr`; a slice is a column and a value, "
            "as in `text_length=short`, and the columns are text_length, language, shop",
        ),
        (
            SEGMENTS,
            ["tasks.segmentation.gate.slice_thresholds={age: {auc: 0.5}}", "features.users.categorical=[age]"],
            "`tasks.segmentation.gate.slice_thresholds` names the slice `age`;",
        ),
        (TEXTS, ["tasks.classification.gate.last_blessed_metric=auc"], "`auc` has no interval of a difference"),
        ("tables: {texts: t.csv}\ntasks: {segmentation: {}}", [], "`tables.events` is missing; the task segmentation"),
        (SEGMENTS, ["text=off"], "`text` is off; the task segmentation needs its backbone"),
        (SEGMENTS, ["tasks.segmentation.bought_event_type=rent"], "`tasks.segmentation.bought_event_type` is `rent`"),
        (SEGMENTS, ["tasks.segmentation.segments.cuts=[1]"], "`cuts` should hold 2 spends between 3 tiers"),
        (SEGMENTS, ["tasks.segmentation.gate.baselines=[tfidf]"], "input should be 'carried_forward'"),
        (
            SHOP,
            ["bots.only_after={reveiw: purchase}"],
            "`bots.only_after` names `reveiw`, which is none of the event types: view, cart, purchase",
        ),
        (SHOP, ["bots.only_after={view: view}"], "`only_after` has `view` count only after itself"),
        ("- a list", [], "expected keys and values at the top, got list"),
        ("a: [1", [], "expected YAML"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(
    tmp_path: Path, text: str, overrides: list[str], message: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load_config(write(tmp_path, text), overrides)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such configuration file"):
        load_config(tmp_path / "none.yaml")


def test_an_unknown_task(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--tasks: `search` is not configured; the file has recommendation"):
        load_config(write(tmp_path, SHOP), tasks=["search"])


@pytest.mark.parametrize("table", ["users", "texts"])
def test_numbers_of_users_and_texts_are_no_features(tmp_path: Path, table: str) -> None:
    with pytest.raises(
        ConfigError, match=f"`features.{table}.numeric`: no model learns from .*`categorical`"
    ) as caught:
        load_config(write(tmp_path, SHOP), [f"features.{table}.numeric=[age]"])
    assert "\n" not in str(caught.value)
    kept = load_config(write(tmp_path, SHOP), [f"features.{table}.categorical=[shop]", "features.products.numeric=[x]"])
    assert (
        ShopOptions.model_validate(kept.model_dump(mode="json", exclude={"tasks", "gateway"})).features == kept.features
    )


@pytest.mark.parametrize(
    ("text", "key", "backbone"),
    [
        (SHOP, "text.backbone", "/nope"),
        (SHOP, "text.backbone", "./models/bert"),
        (SHOP, "text.backbone", "package:no_such_package/model"),
        (TEXTS, "tasks.classification.backbone", "/nope"),
        (TEXTS, "text.backbone", "/nope"),
    ],
)
def test_a_backbone_that_is_not_there_is_refused(tmp_path: Path, text: str, key: str, backbone: str) -> None:
    file, override = write(tmp_path, text), f"{key}={backbone}"
    with pytest.raises(ConfigError, match=f"`{key}`: Backbone `{re.escape(backbone)}` (should|needs)") as caught:
        load_config(file, [override])
    assert "\n" not in str(caught.value)
    # What is compiled for a cluster may lie in the image alone.
    assert read_config(file, [override]).backbones()[key] == backbone


def test_a_backbone_may_be_a_folder_a_preset_a_url_or_read_by_nobody(tmp_path: Path) -> None:
    for backbone in (str(tmp_path), "bert_tiny_en_uncased", "hf://google/bert", "package:tfx_pipeline/config"):
        assert load_config(write(tmp_path, SHOP), [f"text.backbone={backbone}"]).text is not None
    own = load_config(write(tmp_path, TEXTS), ["text.backbone=/nope", "tasks.classification.backbone=scratch"])
    assert own.backbones() == {}
