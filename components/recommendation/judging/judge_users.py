"""Beam steps that ask `UserJudge` about test users."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam
import pyarrow as pa
from apache_beam.utils.shared import Shared

from components.recommendation.judging.cold_start import COLD_START_USERS
from components.recommendation.judging.forgetting import EarlierCatalogue, Translator
from components.recommendation.judging.judged_segments import JudgedSegments
from components.recommendation.judging.user_judge import JudgedSystems, UserJudge
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.artifacts.example_files import example_features
from trainer.progress import Tally
from trainer.recommendation.judged_users import USER_ID, parse_judged_users


class JudgeLoader:
    """Makes one `UserJudge` in a process, for all the steps that share this loader.

    Args:
        catalogue_uri: Uri of the catalogue artifact.
        systems: The models that are asked.
        ks: List lengths of the metrics.
        segmentation: Path of a served segmentation, by whose segments users are sliced; empty for none.
        earlier: What translates users that were written with an earlier catalogue; None for those of this one.
    """

    def __init__(
        self,
        catalogue_uri: str,
        systems: JudgedSystems,
        ks: Sequence[int],
        segmentation: str = "",
        earlier: EarlierCatalogue | None = None,
    ) -> None:
        self._catalogue_uri, self._systems, self._ks = catalogue_uri, systems, tuple(ks)
        self._earlier = earlier
        self._segmentation = segmentation
        self._shared, self._shared_segments = Shared(), Shared()

    def load(self) -> UserJudge:
        """Returns the judge, made now unless the process has it."""
        judge: UserJudge = self._shared.acquire(lambda: UserJudge(self._catalogue_uri, self._systems, self._ks))
        return judge

    def load_translator(self) -> Translator | None:
        """Returns what translates the users; None where they are written with this catalogue."""
        return None if self._earlier is None else self._earlier.translator()

    def load_segments(self) -> JudgedSegments | None:
        """Returns what gives users segments, made now unless the process has it; None without a segmentation."""
        if not self._segmentation:
            return None
        segments: JudgedSegments = self._shared_segments.acquire(self._make_segments)
        return segments

    def _make_segments(self) -> JudgedSegments:
        product_ids = load_catalogue(self._catalogue_uri)["product_id"].to_pylist()
        return JudgedSegments(self._segmentation, product_ids, load_catalogue_facts(self._catalogue_uri)["event_types"])


class JudgeUsers(beam.PTransform):
    """Serialized test examples to Arrow tables with what `UserJudge` finds of each user.

    Args:
        loader: Makes the judge.
        batch_size: Users ranked in one call.
    """

    def __init__(self, loader: JudgeLoader, batch_size: int) -> None:
        super().__init__()
        self._loader, self._batch_size = loader, batch_size

    def expand(self, examples: beam.PCollection[bytes]) -> beam.PCollection[pa.Table]:
        """Adds the judging to a pipeline."""
        return (
            examples
            | "BatchUsers" >> beam.BatchElements(self._batch_size, self._batch_size)
            | "RankAndMeasure" >> beam.ParDo(_RankAndMeasure(self._loader))
        )


class JudgeColdStart(beam.PTransform):
    """Serialized test examples to Arrow tables with how the model does on some of them without their history.

    The first `COLD_START_USERS` in order of the sha256 of their ids are asked for: the same ones in every run.

    Args:
        loader: Makes the judge.
        k: List length.
        batch_size: Users ranked in one call.
    """

    def __init__(self, loader: JudgeLoader, k: int, batch_size: int) -> None:
        super().__init__()
        self._loader, self._k, self._batch_size = loader, k, batch_size

    def expand(self, examples: beam.PCollection[bytes]) -> beam.PCollection[pa.Table]:
        """Adds the judging to a pipeline."""
        return (
            examples
            | "HashUserIds" >> beam.Map(_with_hash)
            | "ChooseUsers" >> beam.combiners.Top.Smallest(COLD_START_USERS)
            | "SplitIntoBatches" >> beam.FlatMap(_batches, self._batch_size)
            | "SpreadBatches" >> beam.Reshuffle()
            | "RankWithoutHistory" >> beam.ParDo(_RankAndMeasure(self._loader, self._k))
        )


class _RankAndMeasure(beam.DoFn):
    """Batches of serialized examples to tables, of the cold start at `cold_start_k` if that is given."""

    def __init__(self, loader: JudgeLoader, cold_start_k: int | None = None) -> None:
        self._loader, self._cold_start_k = loader, cold_start_k
        self._judge: UserJudge | None = None
        self._segments: JudgedSegments | None = None
        self._translator: Translator | None = None
        self._judged = Tally("users" if cold_start_k is None else "users without a history")

    def setup(self) -> None:
        self._judge = self._loader.load()
        self._segments = self._loader.load_segments()
        self._translator = self._loader.load_translator()

    def process(self, element: Sequence[bytes]) -> Iterable[pa.Table]:
        if self._judge is None:
            raise RuntimeError("Beam calls setup() before process().")
        users = parse_judged_users(element)
        if self._translator is not None:
            users = self._translator.translate(users)
            if not len(users):
                return
        if self._cold_start_k is None:
            yield self._judge.judge(users if self._segments is None else self._segments.add_to(users))
        else:
            yield self._judge.judge_cold_start(users, self._cold_start_k)
        self._judged.add(len(element))


def _with_hash(record: bytes) -> tuple[bytes, bytes]:
    """Returns the sha256 of a serialized example's user id, and the example."""
    user_id = example_features(record)[USER_ID].bytes_list.value[0]
    return hashlib.sha256(user_id).digest(), record


def _batches(chosen: Sequence[tuple[bytes, bytes]], size: int) -> Iterator[list[bytes]]:
    for start in range(0, len(chosen), size):
        yield [record for _, record in chosen[start : start + size]]
