"""Words that every shop's texts are checked for unless it says otherwise, in English."""

_COLOURS = (
    "amber aqua beige black blue bronze brown burgundy camel charcoal copper coral cream crimson cyan fuchsia "
    "gold golden green grey indigo ivory khaki lavender lilac lime magenta maroon mauve mint mustard navy ochre "
    "olive orange peach pink plum purple red rose rust salmon scarlet silver tan taupe teal terracotta turquoise "
    "violet white yellow multicoloured"
)
_MATERIALS = (
    "acrylic alpaca aluminium bamboo brass canvas cashmere ceramic chiffon corduroy cotton crepe denim elastane "
    "felt fleece georgette glass gore-tex hemp jute lace leather linen lycra marble mesh merino microfibre modal "
    "mohair nylon oak organza pine plastic polyamide polyester porcelain polypropylene rayon rubber satin "
    "silicone silk spandex steel suede synthetic teak titanium tulle velvet viscose walnut wood wool"
)
_CLAIMS = (
    "american, artisan, authentic, award winning, bespoke, best, bestseller, bestselling, biodegradable, certified, "
    "classic, clinically proven, clinically tested, compostable, dermatologically tested, discount, exclusive, fair "
    "trade, favorite, favourite, finest, free delivery, free returns, free shipping, gluten free, halal, "
    "handcrafted, handmade, high end, high quality, hypoallergenic, innovative, kosher, lactose free, lifetime, "
    "limited edition, luxurious, luxury, masterpiece, medical, money back, natural, non toxic, number one, organic, "
    "original, patented, premium, renowned, sale, sugar free, sustainable, top quality, vegan, vegetarian, "
    "warranty, waterproof, world famous"
)
# A text that answers yes or no where its sources do not says the contrary of them, or what nobody has said.
_DENIALS = ("no", "not", "never", "none", "neither", "nor", "without")
_SHORT_DENIALS = (
    "aren't can't couldn't didn't doesn't don't hadn't hasn't haven't isn't mustn't shouldn't wasn't weren't won't "
    "wouldn't"
)
_SIZES = ("xs", "xl", "xxl", "xxxl", "small", "medium", "large", "extra large", "oversized", "one size")

# By their kind.
TERMS: dict[str, tuple[str, ...]] = {
    "colour": tuple(_COLOURS.split()),
    "material": tuple(_MATERIALS.split()),
    "size": _SIZES,
    "claim": tuple(_CLAIMS.split(", ")),
    "assent": ("yes",),
    "denial": _DENIALS,
}
# What a word also counts as.
SAME_AS = {
    "gray": "grey",
    "multicolored": "multicoloured",
    "aluminum": "aluminium",
    "cannot": "not",
    **dict.fromkeys(_SHORT_DENIALS.split(), "not"),
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "dozen": "12",
    "twenty": "20",
    "thirty": "30",
    "fifty": "50",
    "hundred": "100",
    "thousand": "1000",
}
# What a reply may say beside its question and its answer: words that put them into sentences, and are polite.
_SMALL_WORDS = (
    "a about all also am an and any are as at be been but by can could d do does for from had has have hello here hi "
    "how i if in is it its just ll m may me my of on once or our please re s so sorry such than thank thanks that the "
    "their them then there these they this those to up us ve was we were what when where which who will with would you "
    "your yours"
)
SMALL_WORDS = tuple(_SMALL_WORDS.split())
# What no text may say.
BANNED = ("guaranteed", "guarantee", "risk free", "miracle", "cure", "cheapest", "best price", "lowest price")
