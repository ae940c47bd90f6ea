"""Users of an earlier catalogue in the indices of another."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components.recommendation.judging.forgetting import EarlierCatalogue
from trainer.recommendation.judged_users import JudgedUsers


def test_products_find_each_other_by_id_and_what_is_gone_leaves_the_users(tmp_path):
    for name, ids in {"before": ["a", "b", "c"], "now": ["b", "bb", "c"]}.items():
        (tmp_path / name).mkdir()
        pq.write_table(pa.table({"product_id": ids}), tmp_path / name / "catalogue.parquet")
    users = JudgedUsers(
        user_ids=[b"ann", b"bob", b"eve"],
        history_offsets=np.array([0, 3, 3, 4]),
        history_index=np.array([0, 1, 2, 0], np.int32),
        history_type=np.array([1, 0, 1, 1], np.int32),
        history_time=np.array([10, 20, 30, 40]),
        query_time=np.array([50, 51, 52]),
        target_offsets=np.array([0, 2, 3, 4]),
        target_index=np.array([0, 2, 0, 1], np.int32),
        window=np.zeros(3, np.int32),
        attributes={"city": ["x", None, "y"]},
    )
    translated = EarlierCatalogue(str(tmp_path / "before"), str(tmp_path / "now")).translator().translate(users)
    # Bob wanted only what is gone.
    assert translated.user_ids == [b"ann", b"eve"]
    assert [translated.history_index[translated.history(row)].tolist() for row in range(2)] == [[0, 2], []]
    assert [translated.targets(row).tolist() for row in range(2)] == [[2], [0]]
    assert translated.history_type.tolist() == [0, 1]
    assert translated.history_time.tolist() == [20, 30]
    assert translated.query_time.tolist() == [50, 52]
    assert translated.attributes == {"city": ["x", "y"]}
