"""Artifact types that TFX has no standard type for.

Kubeflow finds the class of an artifact by its type name, which must be a package and a class with one dot between.
"""

from tfx.types.artifact import Artifact


class Quarantine(Artifact):
    """Rows that a table's contract refuses: `quarantine-*.jsonl`, and `counts.json` with the reasons."""

    TYPE_NAME = "components.Quarantine"


class DataApproval(Artifact):
    """`approval.json`: what DataGate checked of a table before it let the run go on."""

    TYPE_NAME = "components.DataApproval"


class TextVectors(Artifact):
    """`vectors-*.parquet` with columns text (string) and vector (list of float32), one row a distinct text."""

    TYPE_NAME = "components.TextVectors"


class PictureVectors(Artifact):
    """`vectors-*.parquet` with columns picture (sha256), references (list of string) and vector (list of float32)."""

    TYPE_NAME = "components.PictureVectors"


class Catalogue(Artifact):
    """`catalogue.parquet`, whose row number is the product's index everywhere, and `catalogue.json`."""

    TYPE_NAME = "components.Catalogue"


class AssociationRules(Artifact):
    """`itemsets-*.parquet` and `rules-*.parquet`: what is bought together; `rules.json` with options and counts."""

    TYPE_NAME = "components.AssociationRules"


class RankingEvaluation(Artifact):
    """`evaluation.json` with metrics and baselines, and `users-*.parquet` or `queries-*.parquet` with each one's."""

    TYPE_NAME = "components.RankingEvaluation"


class Labels(Artifact):
    """`labels.json`: the label vocabulary, in the order of probabilities, and what was counted of the texts."""

    TYPE_NAME = "components.Labels"


class ClassificationEvaluation(Artifact):
    """`evaluation.json`, `texts-*.parquet` or `users-*.parquet` with each one's probabilities, and what `tfma/` has."""

    TYPE_NAME = "components.ClassificationEvaluation"


class OfferAnswers(Artifact):
    """`answers-*.parquet` with what a response model expects of each known user and current offer."""

    TYPE_NAME = "components.OfferAnswers"


class DemandEvaluation(Artifact):
    """`evaluation.json` with metrics, baselines, the worst series and the bias of each category."""

    TYPE_NAME = "components.DemandEvaluation"


class DemandPlan(Artifact):
    """What follows from demand: forecasts, orders, moves, prices and recent weeks as Parquet, and `plan.json`."""

    TYPE_NAME = "components.DemandPlan"


class UserProfileRows(Artifact):
    """`profiles-*.parquet` with what each user is like, and `chances.json`: categories, and how good chances are."""

    TYPE_NAME = "components.UserProfileRows"


class Segments(Artifact):
    """`segments-*.parquet` with the segment of each user, `profiles.json` of each segment, and `map.parquet`."""

    TYPE_NAME = "components.Segments"
