"""The ranker's loss, its scorer, and what it learns."""

import hashlib
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from serving.recommendation.ranking_features import RULE_FEATURES, TOWER_FEATURES
from trainer.artifacts.keras_files import load_keras, save_keras
from trainer.options import UpdateOptions
from trainer.recommendation.judged_users import JudgedUsers, load_judged_users
from trainer.recommendation.options import RankerOptions
from trainer.recommendation.padded_histories import pad_histories
from trainer.recommendation.ranker.examples import RankerExamples, joined
from trainer.recommendation.ranker.listwise_softmax import ListwiseSoftmax
from trainer.recommendation.ranker.scorer import RankerScorer
from trainer.recommendation.ranker.scorer_training import train_scorer
from trainer.recommendation.ranker.shown_histories import visitors

BASKETS, CANDIDATES = 200, 12
NAMES = ("age", "liking", *RULE_FEATURES, *TOWER_FEATURES)
OPTIONS = RankerOptions(units=8, max_epochs=15, learning_rate=0.02, batch_size=20)


def planted(seed: int) -> RankerExamples:
    """Baskets of the two candidates that are highest in `liking`, plus some of the last score of the towers."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(BASKETS, CANDIDATES, len(NAMES))).astype(np.float16)
    liking = 3.0 * features[..., 1] + features[..., -1]
    valid = np.ones((BASKETS, CANDIDATES), bool)
    valid[:, -2:] = False
    liking = np.where(valid, liking, -np.inf)
    return RankerExamples(
        names=NAMES,
        features=features,
        relevant=liking >= np.sort(liking, axis=1)[:, -2:-1],
        valid=valid,
        novel=random.random((BASKETS, CANDIDATES)) < 0.5,
        user=np.arange(BASKETS),
    )


def first_is_relevant(scorer: RankerScorer, examples: RankerExamples) -> float:
    """Share of the baskets whose best scored candidate is relevant."""
    scores = np.where(examples.valid, np.asarray(scorer(examples.features.astype(np.float32))), -np.inf)
    return float(np.take_along_axis(examples.relevant, scores.argmax(axis=1)[:, np.newaxis], axis=1).mean())


def listwise_by_hand(relevant: np.ndarray, valid: np.ndarray, scores: np.ndarray) -> float:
    chosen = np.flatnonzero(relevant & valid)
    denominator = np.log(np.exp(scores[valid]).sum())
    return float(sum(denominator - scores[place] for place in chosen) / np.sqrt(max(len(chosen), 1)))


def test_loss_is_the_softmax_among_all_and_among_the_novel() -> None:
    random = np.random.default_rng(3)
    relevant, valid, novel = random.random((3, 20, 7)) < np.array([0.3, 0.8, 0.5]).reshape(3, 1, 1)
    valid[:, 0] = novel[:, 0] = True
    scores = random.normal(size=(20, 7)).astype(np.float32)
    labels = np.stack([relevant, valid, novel], axis=-1).astype(np.float32)
    found = ListwiseSoftmax(novel_weight=0.5).call(labels, scores)
    expected = [
        listwise_by_hand(relevant[row], valid[row], scores[row])
        + 0.5 * listwise_by_hand(relevant[row], valid[row] & novel[row], scores[row])
        for row in range(20)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_loss_of_several_networks_is_the_mean_of_their_losses() -> None:
    random = np.random.default_rng(4)
    labels = (random.random((20, 7, 3)) < 0.6).astype(np.float32)
    scores = random.normal(size=(20, 7, 3)).astype(np.float32)
    loss = ListwiseSoftmax(novel_weight=2.0)
    expected = np.mean([loss.call(labels, scores[..., network]) for network in range(3)], axis=0)
    np.testing.assert_allclose(loss.call(labels, scores), expected, rtol=1e-5)


def test_the_score_is_the_mean_of_the_networks() -> None:
    scorer = RankerScorer(units=4, features=NAMES, networks=3)
    features = planted(0).features.astype(np.float32)
    each = np.asarray(scorer(features, training=True))
    assert each.shape == (BASKETS, CANDIDATES, 3)
    assert not np.allclose(each[..., 0], each[..., 1])
    np.testing.assert_allclose(scorer(features), each.mean(axis=-1), atol=1e-6)


def test_what_decides_is_learned_and_saved(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    scorer = RankerScorer(units=OPTIONS.units, features=NAMES, networks=2)
    losses = train_scorer(scorer, planted(0), planted(1), OPTIONS, str(tmp_path / "logs"))
    assert losses["val_loss"][-1] < losses["val_loss"][0]
    held_out = planted(2)
    assert first_is_relevant(scorer, held_out) > 0.9
    save_keras(scorer, str(tmp_path / "ranker.keras"))
    features = held_out.features.astype(np.float32)
    np.testing.assert_allclose(load_keras(str(tmp_path / "ranker.keras"))(features), scorer(features), atol=1e-6)
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))


def test_an_update_goes_on_from_a_scorer_with_what_its_features_were_scaled_by(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    before = RankerScorer(units=OPTIONS.units, features=NAMES)
    train_scorer(before, planted(0), planted(1), OPTIONS, str(tmp_path / "before"))
    save_keras(before, str(tmp_path / "ranker.keras"))
    earlier = load_keras(str(tmp_path / "ranker.keras"))
    # Features of another scale, which would move the mean that they are scaled by.
    moved = planted(3)._replace(features=planted(3).features + np.float16(3.0))
    after = RankerScorer(units=OPTIONS.units, features=NAMES)
    gentle = UpdateOptions(max_epochs=1, learning_rate=1e-6)
    losses = train_scorer(after, moved, planted(1), OPTIONS, str(tmp_path / "after"), earlier=earlier, update=gentle)
    assert len(losses["loss"]) == 1
    features = planted(2).features.astype(np.float32)
    np.testing.assert_allclose(after(features), before(features), atol=1e-3)
    other = RankerScorer(units=OPTIONS.units, features=NAMES[1:])
    with pytest.raises(ValueError, match=r"`features` is .* in the earlier model: run `shelfwise run`"):
        train_scorer(
            other, planted(0).without(NAMES[:1]), planted(1), OPTIONS, str(tmp_path / "other"), earlier=earlier
        )


def test_features_are_left_out_by_name() -> None:
    examples = planted(0)
    without = examples.without(RULE_FEATURES)
    assert without.names == ("age", "liking", *TOWER_FEATURES)
    np.testing.assert_array_equal(without.features, examples.features[..., [0, 1, 4, 5, 6, 7]])
    np.testing.assert_array_equal(without.relevant, examples.relevant)


def test_parts_are_joined_and_chosen_by_row() -> None:
    chosen = np.arange(BASKETS) % 3 == 0
    whole = joined([planted(0).rows(chosen), planted(0).rows(~chosen)])
    assert whole.names == NAMES
    order = np.concatenate([np.flatnonzero(chosen), np.flatnonzero(~chosen)])
    assert whole.user.tolist() == order.tolist()
    np.testing.assert_array_equal(whole.features, planted(0).features[order])


def test_without_tower_features_they_change_nothing(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    scorer = RankerScorer(units=OPTIONS.units, features=NAMES, unread=TOWER_FEATURES)
    train_scorer(scorer, planted(0), planted(1), OPTIONS, str(tmp_path))
    features = planted(2).features.astype(np.float32)
    other = features.copy()
    other[..., -4:] = 7.0
    np.testing.assert_array_equal(scorer(features), scorer(other))
    assert not np.array_equal(scorer(features), scorer(features + 1.0))


def test_without_users_to_validate_on_the_last_epoch_counts(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    nobody = planted(1).rows(np.zeros(BASKETS, bool))
    losses = train_scorer(RankerScorer(units=4, features=NAMES), planted(0), nobody, OPTIONS, str(tmp_path))
    assert list(losses) == ["loss"]
    assert len(losses["loss"]) == OPTIONS.max_epochs


@pytest.mark.parametrize("width", [1, 2, 5])
def test_the_latest_events_are_padded_at_the_end(width: int) -> None:
    lengths = [3, 0, 1]
    users = JudgedUsers(
        user_ids=[b"a", b"b", b"c"],
        history_offsets=np.concatenate([[0], np.cumsum(lengths)]),
        history_index=np.array([4, 5, 6, 7], np.int32),
        history_type=np.array([1, 0, 1, 1], np.int32),
        history_time=np.array([10, 20, 30, 5]),
        query_time=np.array([50, 0, 6]),
        target_offsets=np.zeros(4, np.int64),
        target_index=np.zeros(0, np.int32),
        window=np.zeros(3, np.int32),
        attributes={},
    )
    padded = pad_histories(users, width)
    for row, start in enumerate([0, 3, 3]):
        events = range(start, start + lengths[row])[-width:]
        rest = width - len(events)
        assert padded.products[row].tolist() == [users.history_index[event] for event in events] + [-1] * rest
        assert padded.types[row].tolist() == [users.history_type[event] for event in events] + [0] * rest
        ages = [users.query_time[row] - users.history_time[event] for event in events]
        assert padded.age_seconds[row].tolist() == ages + [0] * rest


def test_queries_over_the_limit_are_left_out_by_a_hash_of_the_user(tmp_path: Path) -> None:
    users = [f"user {number}".encode() for number in range(30)]
    folder = tmp_path / "Split-ranker"
    folder.mkdir()
    with tf.io.TFRecordWriter(str(folder / "examples.gz"), tf.io.TFRecordOptions("GZIP")) as writer:
        for user in users:
            example = tf.train.Example()
            example.features.feature["user_id"].bytes_list.value.append(user)
            example.features.feature["window"].int64_list.value.append(2)
            writer.write(example.SerializeToString())
    by_hash = sorted(users, key=lambda user: hashlib.sha256(user).digest())
    few = load_judged_users(str(tmp_path), "ranker", 7)
    assert few.user_ids == sorted(by_hash[:7])
    assert few.window.tolist() == [2] * 7
    assert load_judged_users(str(tmp_path), "ranker").user_ids == sorted(users)


def test_a_share_of_the_users_are_visitors_in_all_their_windows() -> None:
    ids = [f"user {number}".encode() for number in range(2_000)]
    chosen = visitors(ids, 0.2)
    assert 0.17 < chosen.mean() < 0.23
    assert visitors([*ids, *ids], 0.2).tolist() == [*chosen, *chosen]
    # More are chosen from a larger share, and nobody is lost.
    assert (visitors(ids, 0.5) | ~chosen).all()
    assert not visitors(ids, 0.0).any()
    assert visitors(ids, 1.0).all()
