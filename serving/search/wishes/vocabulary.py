"""The words of limits, in English and Chinese, in lower case and without accents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


class Comparison(NamedTuple):
    """What a word before or after a number says of it.

    Attributes:
        lowest: Whether nothing may be less.
        highest: Whether nothing may be more.
        strict: Whether the number itself is out.
        sure: Whether it says so even of a number without a currency or a unit.
    """

    lowest: bool
    highest: bool
    strict: bool = False
    sure: bool = True


_UNDER, _AT_MOST = Comparison(False, True, strict=True), Comparison(False, True)
_OVER, _AT_LEAST = Comparison(True, False, strict=True), Comparison(True, False)
_ABOUT = Comparison(True, True, sure=False)
_FOR, _FROM = Comparison(False, True, sure=False), Comparison(True, False, sure=False)


def _each(words: str, meaning: Comparison) -> dict[str, Comparison]:
    return dict.fromkeys(words.split(", "), meaning)


BEFORE: Mapping[str, Comparison] = {
    **_each("under, below, less than, cheaper than, lower than, less expensive than, beneath, smaller than", _UNDER),
    **_each("<, fewer than, lighter than, 低于, 少于, 小于, 便宜于, 不到, 不足", _UNDER),
    **_each(
        "up to, at most, at the most, max, max., maximum, no more than, not more than, not over, no higher than",
        _AT_MOST,
    ),
    **_each(
        "not above, not exceeding, <=, a maximum of, maximum of, 不超过, 最多, 不高于, 不大于, 至多, 最高, 预算",
        _AT_MOST,
    ),
    **_each("limit, my limit is, budget, budget of, my budget is, on a budget of, 以下", _AT_MOST),
    **_each("over, above, more than, bigger than, larger than, greater than, heavier than, exceeding, >", _OVER),
    **_each("more expensive than, pricier than, upwards of, 高于, 多于, 大于, 超过", _OVER),
    **_each(
        "at least, at the least, min, min., minimum, minimum of, a minimum of, no less than, not less than", _AT_LEAST
    ),
    **_each("not under, not below, starting at, starting from, >=, 至少, 不低于, 不少于, 最少, 最低", _AT_LEAST),
    **_each("about, around, roughly, approximately, approx, circa, ~, 大约, 大概, 约", _ABOUT),
    **_each("for, within, priced at, 在", _FOR),
    **_each("from", _FROM),
}
AFTER: Mapping[str, Comparison] = {
    **_each("or less, or under, or below, or cheaper, or fewer, or lower, or smaller, and under, and below", _AT_MOST),
    **_each("and less, and cheaper, max, maximum, tops, at most, at the most, 以下, 以内, 之内, 内, 封顶", _AT_MOST),
    **_each(
        "or more, or over, or above, or up, or larger, or bigger, and up, and over, and above, and more", _AT_LEAST
    ),
    **_each("minimum, min, at least, upwards, 以上, 之上, 起", _AT_LEAST),
    **_each("or so, 左右, 上下", _ABOUT),
}
# Who a number is the age of, and not the price for: vitamins for women over 50.
AGED = _words(
    "men women adults adult kids children child age ages aged people baby babies seniors toddlers infants girls boys"
)

NUMBER_WORDS: Mapping[str, float] = {
    **{
        word: float(number)
        for number, word in enumerate(
            _words("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"),
            start=1,
        )
    },
    **{
        word: 10.0 * number
        for number, word in enumerate(_words("twenty thirty forty fifty sixty seventy eighty ninety hundred"), start=2)
    },
    **{word: float(number) for number, word in enumerate(_words("一 二 三 四 五 六 七 八 九 十"), start=1)},
    **{f"十{word}": 10.0 + number for number, word in enumerate("一二三四五六七八九", start=1)},
    **{f"{word}十": 10.0 * number for number, word in enumerate("二三四五六七八九", start=2)},
    **dict.fromkeys(("half", "half a"), 0.5),
    "两": 2.0,
    "一百": 100.0,
    "两百": 200.0,
    "二百": 200.0,
    "五百": 500.0,
}


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What a number may count; factors are 0 for what it does not count.

    Attributes:
        name: What it is called in an answer.
        price: Of the shop's money.
        grams: Of weight.
        millilitres: Of volume.
        pieces: Of things in a pack.
    """

    name: str
    price: float = 0.0
    grams: float = 0.0
    millilitres: float = 0.0
    pieces: float = 0.0


# Of any currency: a shop has one.
_MONEY, _CENTS = Unit(name="", price=1.0), Unit(name="cents", price=0.01)
KNOWN_UNITS: Mapping[str, Unit] = {
    **dict.fromkeys(
        _words("$ € £ ¥ dollar dollars buck bucks usd euro euros eur pound sterling quid gbp rmb cny yuan"),
        _MONEY,
    ),
    **dict.fromkeys(_words("元 块 块钱 元钱 圆 美元 欧元 人民币"), _MONEY),
    **dict.fromkeys(_words("¢ cent cents pence 分钱"), _CENTS),
    **dict.fromkeys(["角", "毛"], Unit(name="角", price=0.1)),
    **dict.fromkeys(_words("g gram grams gr gm 克"), Unit(name="g", grams=1.0)),
    **dict.fromkeys(_words("kg kgs kilo kilos kilogram kilograms 公斤 千克"), Unit(name="kg", grams=1000.0)),
    "斤": Unit(name="斤", grams=500.0),
    # Of drinks as of food, and nobody says which.
    **dict.fromkeys(_words("oz ounce ounces"), Unit(name="oz", grams=28.3495, millilitres=29.5735)),
    **dict.fromkeys(("fl oz", "fl. oz", "fluid ounce", "fluid ounces"), Unit(name="fl oz", millilitres=29.5735)),
    **dict.fromkeys(_words("lb lbs pound pounds 磅"), Unit(name="lb", grams=453.592)),
    **dict.fromkeys(
        _words("ml mls millilitre millilitres milliliter milliliters 毫升"),
        Unit(name="ml", millilitres=1.0),
    ),
    **dict.fromkeys(_words("cl centilitre centilitres"), Unit(name="cl", millilitres=10.0)),
    **dict.fromkeys(_words("l ltr litre litres liter liters 升"), Unit(name="l", millilitres=1000.0)),
    **dict.fromkeys(_words("gal gallon gallons 加仑"), Unit(name="gal", millilitres=3785.41)),
    **dict.fromkeys(_words("qt quart quarts"), Unit(name="qt", millilitres=946.353)),
    **dict.fromkeys(_words("pt pint pints"), Unit(name="pt", millilitres=473.176)),
    **dict.fromkeys(
        _words("ct count pk pack packs pck pcs piece pieces pc 片 个 包 只 枚 粒 盒 瓶 罐 袋 支"),
        Unit(name="ct", pieces=1.0),
    ),
}
# A number of these is no limit that products are known by.
_OTHER_UNITS = (
    *_words(
        "calories calorie kcal cal carbs carb min mins minute minutes hour hours day days week weeks month months year "
        "years yr yrs yo people persons person servings serving degrees degree percent proof watt watts volt volts "
        "ingredients ingredient inch inches in ft foot feet mm cm m km mile miles mg mcg iu db steps points spf mph gb "
        "tb dozen players times 岁 寸 米 厘米 毫米 分 分钟 天 年 月 度 人 号 瓦 位"
    ),
    "%",
    '"',
)
UNITS: Mapping[str, Unit] = {**KNOWN_UNITS, **{name: Unit(name=name) for name in _OTHER_UNITS}}

# What is not to be there follows these; after `UNSURE` it must be a word of the catalogue's, as much else is no or not.
UNSURE = ("no", "not", "and no", "and not", "but no", "but not")
WITHOUT = (
    "without", "w/o", "excluding", "except", "except for", "free of", "free from", "other than", "anything but", "sans",
    "minus", "not containing", "not with", "with no", "has no", "have no", "contains no", "does not contain", "avoid",
    "isn't", "aren't", "is not", "are not", "doesn't have", "don't have", "does not have", "do not have",
    "doesn't contain", "don't contain", "hasn't",
    "and without", *UNSURE,
)  # fmt: skip
WITHOUT_IN_HAN = ("不要", "不含", "没有", "不带", "不加", "除了", "去掉")
FILLERS = _words("any added too very so much a an the artificial extra real that is containing all of have has")
OWNERS = _words("a an my our your the his her their little small old young new picky")

# Whom products are for: what is typed, and the words by which a text says so.
_PETS_AND_BABIES = {
    "cat cats kitten kittens kitty 猫 猫咪": "cat kitten kitty feline",
    "dog dogs puppy puppies pup doggy 狗 狗狗": "dog puppy pup canine",
    "baby babies infant infants newborn newborns toddler toddlers 宝宝 婴儿": "baby infant newborn toddler",
    "bird birds": "bird parrot",
    "fish": "fish aquarium",
    "horse horses": "horse equine",
    "rabbit rabbits bunny bunnies": "rabbit bunny",
    "hamster hamsters": "hamster rodent",
}
FOR_WHOM: Mapping[str, tuple[str, ...]] = {
    typed: tuple(words.split()) for names, words in _PETS_AND_BABIES.items() for typed in names.split()
}
# What has none of a kind has none of what is of it.
KINDS: Mapping[str, tuple[str, ...]] = {
    "nut": _words("nut peanut almond walnut pecan cashew hazelnut pistachio macadamia"),
    "meat": _words(
        "meat beef pork chicken turkey ham bacon sausage pepperoni salami lamb veal steak hamburger poultry duck"
    ),
    "dairy": _words("dairy milk cheese butter cream yogurt lactose whey"),
    "seafood": _words("seafood fish shrimp crab lobster tuna salmon clam oyster"),
    "alcohol": _words("alcohol alcoholic wine beer ale liquor vodka rum whiskey gin tequila"),
    "lactose": _words("lactose milk cheese butter cream yogurt"),
    "gluten": _words("gluten wheat barley rye"),
    "egg": ("egg",),
    "soy": ("soy", "soya", "soybean", "tofu"),
}  # fmt: skip
# Kinds that no title tells of: pasta has gluten, whatever it is called.
HIDDEN_KINDS = ("gluten", "lactose")
# What texts that say they are without a kind also call it.
SAME_KIND: Mapping[str, str] = {"alcoholic": "alcohol"}
