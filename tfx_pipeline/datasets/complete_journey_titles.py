"""Readable names for Complete Journey's products, whose own descriptions are terse capitals cut at 30 characters."""

import functools
import re

_DEPARTMENTS = {
    "CHARITABLE CONT": "Charitable Contributions",
    "CNTRL/STORE SUP": "Store Supplies",
    "DRUG GM": "Drugstore & General Merchandise",
    "ELECT &PLUMBING": "Electrical & Plumbing",
    "GM MERCH EXP": "General Merchandise",
    "MEAT-PCKGD": "Packaged Meat",
    "PROD-WHS SALES": "Produce Warehouse Sales",
    "SEAFOOD-PCKGD": "Packaged Seafood",
}

# Phrases that words alone do not explain. Applied in this order, before words are looked up.
_PHRASES = [
    ("BEERALEMALT LIQUORS", "BEER, ALE & MALT LIQUORS"),
    ("CTLRYTBLCLTHSTTHPKSST", "CUTLERY, TABLECLOTHS, TOOTHPICKS & STRAWS"),
    ("SAUCESSALSAPICANTEE", "SAUCES, SALSA & PICANTE"),
    ("JARSLIDSUTENSILSMIS", "JARS, LIDS & UTENSILS"),
    ("SPICESSALSAPICKLING", "SPICES, SALSA & PICKLING"),
    ("SGL SV/VEND MACH", "SINGLE SERVE & VENDING MACHINE"),
    ("SNGL SRV", "SINGLE SERVE"),
    ("SINGLE SRV", "SINGLE SERVE"),
    ("COLD AND FLU", "COLD & FLU"),
    ("12/18&15PK", "12, 15 & 18-PACK"),
    ("20PK&24PK", "20 & 24-PACK"),
    ("6PK/4PK", "4 & 6-PACK"),
    ("NON-CRBNTD", "NON-CARBONATED"),
    ("PNT BTR", "PEANUT BUTTER"),
    ("PNUT BTR", "PEANUT BUTTER"),
    ("SW GDS", "SWEET GOODS"),
    ("BKD FD", "BAKED FOODS"),
    ("BABY HBC", "BABY HEALTH & BEAUTY CARE"),
    ("WOMEN S ", "WOMEN'S "),
    ("MEN S ", "MEN'S "),
    ("CHILDREN S ", "CHILDREN'S "),
]

_WORDS = {
    "ACCESS": "ACCESSORIES",
    "ACCESSIORES": "ACCESSORIES",
    "ACCSS": "ACCESSORIES",
    "ALCOHLIC": "ALCOHOLIC",
    "BEV": "BEVERAGE",
    "BG": "BAGS",
    "BKD": "BAKED",
    "BKNGWARES": "BAKING WARES",
    "BN": "BEANS",
    "BNDGES": "BANDAGES",
    "BRD": "BREADED",
    "BRDS": "BREADS",
    "BRKFST": "BREAKFAST",
    "BRSKT": "BRISKET",
    "BRST": "BREAST",
    "BTH": "BATH",
    "BTL": "BOTTLE",
    "BTLS": "BOTTLES",
    "BTR": "BUTTER",
    "BX": "BOX",
    "CARB": "CARBONATED",
    "CATFD": "CAT FOOD",
    "CHIX": "CHICKEN",
    "CHOC": "CHOCOLATE",
    "CHOCOCLATE": "CHOCOLATE",
    "CHS": "CHEESE",
    "CKE": "CAKE",
    "CLEANG": "CLEANING",
    "CND": "CANNED",
    "CNDLES": "CANDLES",
    "CNDY": "CANDY",
    "CNTRL": "CONTROL",
    "COFF": "COFFEE",
    "COOKNG": "COOKING",
    "CRBNTD": "CARBONATED",
    "CRKR": "CRACKER",
    "CRMD": "CREAMED",
    "CRYSTL": "CRYSTAL",
    "DEOD": "DEODORANT",
    "DEPT": "DEPARTMENT",
    "DIAPR": "DIAPER",
    "DISHWASH": "DISHWASHING",
    "DISPOSIBLE": "DISPOSABLE",
    "DNR": "DINNER",
    "DNRS": "DINNERS",
    "DOGFD": "DOG FOOD",
    "DRG": "DRUG",
    "DRNK": "DRINK",
    "DRNKING": "DRINKING",
    "DRNKNG": "DRINKING",
    "DRNKS": "DRINKS",
    "DRSNG": "DRESSING",
    "DRP": "DROPS",
    "DSH": "DISHES",
    "ELSTC": "ELASTIC",
    "EXC": "EXCEPT",
    "EXCP": "EXCEPT",
    "FD": "FOOD",
    "FDS": "FOODS",
    "FEM": "FEMININE",
    "FLAV": "FLAVORED",
    "FLNK": "FLANK",
    "FLV": "FLAVORED",
    "FLVR": "FLAVOR",
    "FLVRD": "FLAVORED",
    "FRD": "FRIED",
    "FRZ": "FROZEN",
    "FRZN": "FROZEN",
    "GDS": "GOODS",
    "GNGR": "GINGER",
    "GRND": "GROUND",
    "HNGRS": "HANGERS",
    "HOLDIAY": "HOLIDAY",
    "HYGN": "HYGIENE",
    "INCL": "INCLUDED",
    "INGRED": "INGREDIENTS",
    "IWS": "INDIVIDUALLY WRAPPED",
    "JCE": "JUICE",
    "JUI": "JUICE",
    "JUIC": "JUICE",
    "LIQ": "LIQUID",
    "LIQS": "LIQUIDS",
    "LNCHMT": "LUNCHMEAT",
    "LNDRY": "LAUNDRY",
    "LOZNG": "LOZENGES",
    "LRG": "LARGE",
    "LSS": "LESS",
    "LTR": "LITER",
    "MACH": "MACHINE",
    "MARIN": "MARINATED",
    "MEMORABLILIA": "MEMORABILIA",
    "MFG": "MANUFACTURED",
    "MISC": "MISCELLANEOUS",
    "MIXS": "MIXES",
    "MLK": "MILK",
    "MLT": "MULTI",
    "MNERAL": "MINERAL",
    "MNRL": "MINERAL",
    "MULT": "MULTI",
    "MW": "MICROWAVE",
    "MX": "MIX",
    "MXS": "MIXES",
    "NATRL": "NATURAL",
    "NDAIRY": "NON-DAIRY",
    "NTRTNL": "NUTRITIONAL",
    "OCCAS": "OCCASION",
    "ORG": "ORGANIC",
    "ORGNZRS": "ORGANIZERS",
    "PAC": "PACK",
    "PERSNL": "PERSONAL",
    "PICKLD": "PICKLED",
    "PK": "PACK",
    "PKG": "PACKAGE",
    "PKGD": "PACKAGED",
    "PKLD": "PICKLED",
    "PLSTC": "PLASTIC",
    "PNCH": "PUNCH",
    "PNT": "PEANUT",
    "PNUT": "PEANUT",
    "POINSETTA": "POINSETTIA",
    "PORTON": "PORTION",
    "PPK": "PREPACKED",
    "PREM": "PREMIUM",
    "PREP": "PREPARED",
    "PREPORTND": "PREPORTIONED",
    "PREPRD": "PREPARED",
    "PRESLC": "PRESLICED",
    "PRESLCD": "PRESLICED",
    "PROTIEN": "PROTEIN",
    "PRPCK": "PREPACKED",
    "PRSLC": "PRESLICED",
    "PTTY": "PATTY",
    "PWDR": "POWDER",
    "PWDRS": "POWDERS",
    "REFIGERATED": "REFRIGERATED",
    "REFRGRATD": "REFRIGERATED",
    "REFRI": "REFRIGERATED",
    "REFRIG": "REFRIGERATED",
    "REG": "REGULAR",
    "RTD": "READY TO DRINK",
    "RTS": "READY TO SERVE",
    "RW": "RANDOM WEIGHT",
    "SAL": "SALAD",
    "SALD": "SALAD",
    "SAUS": "SAUSAGE",
    "SCE": "SAUCE",
    "SEAFD": "SEAFOOD",
    "SFT": "SOFT",
    "SGL": "SINGLE",
    "SHERBTS": "SHERBETS",
    "SHLDR": "SHOULDER",
    "SHLFSH": "SHELLFISH",
    "SLC": "SLICED",
    "SLD": "SOLID",
    "SNDWCH": "SANDWICH",
    "SNGL": "SINGLE",
    "SNKS": "SNACKS",
    "SPEC": "SPECIALTY",
    "SPECILATY": "SPECIALTY",
    "SPECLTY": "SPECIALTY",
    "SPLY": "SUPPLIES",
    "SPRD": "SPREAD",
    "SRV": "SERVE",
    "SS": "SINGLE SERVE",
    "STK": "STICK",
    "SUP": "SUPER",
    "SUPP": "SUPPLIES",
    "SUPPLEMEN": "SUPPLEMENTS",
    "SUPPPLIES": "SUPPLIES",
    "SV": "SERVE",
    "SW": "SWEET",
    "SWEETNERS": "SWEETENERS",
    "SWT": "SWEET",
    "SYRP": "SYRUP",
    "TISS": "TISSUE",
    "TORT": "TORTILLA",
    "TRAD": "TRADITIONAL",
    "TRSH": "TRASH",
    "VAC": "VACUUM",
    "VEG": "VEGETABLE",
    "VEND": "VENDING",
    "WHL": "WHOLE",
    "WHLSM": "WHOLESOME",
    "WORCHESTER": "WORCESTERSHIRE",
    "WT": "WEIGHT",
    "WTR": "WATER",
    "XMAS": "CHRISTMAS",
    "XPCTRNT": "EXPECTORANT",
}
_KEPT_CAPITALS = {"BBQ", "CD", "DIY", "DVD", "DVDS", "II", "IQF", "MLB", "NFL", "NZ", "OJ", "OTC", "SPF", "TV", "VHS"}
_SMALL_WORDS = {"and", "any", "for", "in", "no", "not", "of", "on", "or", "than", "the", "to", "with"}


@functools.lru_cache(maxsize=8_192)
def readable(text: str | None) -> str:
    """Returns a terse description in readable words, or "" for none.

    Example:
        >>> readable("FRZN BREAKFAST FOODS")
        'Frozen Breakfast Foods'
        >>> readable("CANDY BARS (SINGLES)(INCLUDING")
        'Candy Bars (Singles)'
    """
    if not text:
        return ""
    text = re.sub(r"\s*\([^()]*$", "", text)  # A bracket that the cut at 30 characters left open.
    for phrase, words in _PHRASES:
        text = text.replace(phrase, words)
    text = re.sub(r"\bW/\s*", "WITH ", text)
    text = re.sub(r"([A-Z]{2,})\.", r"\1 ", text)
    text = re.sub(r"\s*&\s*", " & ", text)
    text = re.sub(r"\s*:\s*", ": ", text)
    text = re.sub(r"(\d)PK\b", r"\1-PACK", text)
    text = re.sub(r"[A-Z']+", lambda match: _WORDS.get(match[0], match[0]), text)
    text = re.sub(r"[A-Z]+('[A-Z]+)?", lambda match: _capitalised(match[0]), text)
    text = re.sub(r"\s+", " ", text).strip(" -/,&.:")
    return text[:1].upper() + text[1:]


def readable_department(text: str) -> str:
    """Returns a department's name in readable words."""
    return _DEPARTMENTS.get(text) or readable(text)


@functools.lru_cache(maxsize=8_192)
def readable_size(text: str | None) -> str:
    """Returns a package size such as `14.5 oz`, or "" for none.

    Example:
        >>> readable_size("1.5 L"), readable_size("12 PK/12 OZ")
        ('1.5 L', '12 pk/12 oz')
    """
    lowered = re.sub(r"\s+", " ", (text or "").strip().lower())
    return re.sub(r"(\d) ?l\b", r"\1 L", re.sub(r"(^|[ /])\.(\d)", r"\g<1>0.\2", lowered))


def category_path(department: str, category: str, product_type: str) -> str:
    """Joins readable category levels by ` > `, leaving out empty ones and those that repeat the one before."""
    levels: list[str] = []
    for level in (department, category, product_type):
        if level and (not levels or level != levels[-1]):
            levels.append(level)
    return " > ".join(levels)


def product_title(department: str, category: str, product_type: str, size: str, brand: str) -> str:
    """Composes a title out of readable parts; equal parts give equal titles.

    Example:
        >>> product_title("Grocery", "Cold Cereal", "Kids Cereal", "14.5 oz", "Private")
        'Kids Cereal, 14.5 oz (Private brand, Cold Cereal)'
    """
    name = product_type or category or department
    what = f"{name}, {size}" if size else name
    where = category if product_type else department if category else ""
    return f"{what} ({', '.join(part for part in (f'{brand} brand' if brand else '', where) if part)})"


def _capitalised(word: str) -> str:
    if word in _KEPT_CAPITALS:
        return word
    return word.lower() if word.lower() in _SMALL_WORDS else word.capitalize()
