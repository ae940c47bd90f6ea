"""Options of BasketRules; plain models that the configuration can import without TFX."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from trainer.options import Options

Level = Literal["product", "category"]
RuleOrder = Literal["lift", "confidence", "leverage", "support"]


class RulesOptions(Options):
    """How itemsets and rules are mined.

    Attributes:
        levels: What is bought together: products, and the categories that they are in.
        min_support: Least support of an itemset of products: a fraction of the baskets above 0 and at most 1, or a
            whole number of baskets.
        category_min_support: The same for itemsets of categories, which are in many more baskets.
        min_baskets: Baskets that an itemset needs at the least where a support is a fraction, so that in a small shop
            one large basket does not make each of its subsets frequent.
        max_length: Members of an itemset at the most.
        min_confidence: Least confidence of a rule.
        min_lift: Least lift of a rule. At 1 the two sides are independent: what is only popular ends there.
        max_q_value: Highest q-value of a rule: the share of rules by chance that is accepted (Fisher's exact test,
            Benjamini-Hochberg over all rules of the level before any of these limits).
        order: What makes a rule strong; ties go to the one in more baskets, then to the more frequent members.
        max_rules_per_product: Strongest rules that a product keeps, of each length of antecedent. A rule belongs to the
            member of its antecedent that is in the fewest baskets.
        products_per_category: Products that a category keeps which are bought with it by more than chance; they are
            offered with products that no rule leads from. Needs the level `category`.
        recent_weeks: The last weeks before the rules' end, whose support stands beside that of all weeks before.
        max_basket_products: Products of a basket at the most; a larger one (a wholesaler's, or an error) is left out
            and counted.
        max_itemsets: Itemsets of a level at the most; where there would be more, as in the large baskets of a
            wholesaler, the level's support is doubled until there are fewer, and the run says so.
    """

    levels: tuple[Level, ...] = Field(default=("product", "category"), min_length=1)
    min_support: int | float = 0.0005
    category_min_support: int | float = 0.005
    min_baskets: int = Field(default=5, ge=1)
    max_length: int = Field(default=3, ge=2, le=8)
    min_confidence: float = Field(default=0.05, ge=0.0, le=1.0)
    min_lift: float = Field(default=1.2, ge=0.0)
    max_q_value: float = Field(default=0.05, ge=0.0, le=1.0)
    order: RuleOrder = "lift"
    max_rules_per_product: int = Field(default=20, ge=1)
    products_per_category: int = Field(default=40, ge=1)
    recent_weeks: int = Field(default=8, ge=1)
    max_basket_products: int = Field(default=1_000, ge=1)
    max_itemsets: int = Field(default=1_000_000, ge=1)

    @field_validator("min_support", "category_min_support", mode="before")
    @classmethod
    def _is_a_fraction_or_a_count(cls, value: Any) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or value <= 0 or (isinstance(value, float) and not value <= 1):
            raise ValueError(
                f"expected a fraction of the baskets above 0 and at most 1 (0.001), or a whole number of baskets from "
                f"1 on (25), got {value!r}"
            )
        return value

    def least_count(self, level: Level, baskets: int) -> int:
        """Returns the number of baskets that an itemset of a level needs, out of so many."""
        min_support = self.min_support if level == "product" else self.category_min_support
        if isinstance(min_support, int):
            return min_support
        count = math.floor(min_support * baskets)
        # The product of floats may be off by one either way: what counts is the quotient that people see.
        reached = count if count / max(1, baskets) >= min_support else count + 1
        return max(self.min_baskets, reached)

    def with_more_support(self, counts: Mapping[Level, int]) -> "RulesOptions":
        """Returns options with twice the support at some levels.

        Args:
            counts: Baskets that an itemset of the level needed so far.
        """
        names: dict[Level, str] = {"product": "min_support", "category": "category_min_support"}
        return self.model_copy(update={names[level]: 2 * count for level, count in counts.items()})
