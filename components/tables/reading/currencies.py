"""The signs and codes of currencies that exports write before or after an amount."""

import re

_SIGNS = (
    "R$", "US$", "A$", "C$", "NZ$", "HK$", "S$", "$", "€", "£", "¥", "￥", "₹", "₽", "₺", "₩", "₪", "₫", "₴", "฿", "元",
    "円", "zł", "Kč", "kr.", "kr", "Kr", "Ft", "lei", "руб.", "руб", "Fr.",
)  # fmt: skip
_CODES = (
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF",
    "IDR", "ILS", "INR", "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "RMB", "RON", "RUB", "SAR", "SEK",
    "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
)  # fmt: skip
# The longer ones first: `R$` before `$`.
_CURRENCY = "|".join(map(re.escape, sorted((*_SIGNS, *_CODES), key=len, reverse=True)))
_SPACE = "[ \u00a0\u2009\u202f]?"
_BEFORE = re.compile(rf"([+-]?)(?:{_CURRENCY}){_SPACE}(?=[+\-.,\d])")
_AFTER = re.compile(rf"(?<=[.,\d]){_SPACE}(?:{_CURRENCY})$")


def without_currency(text: str) -> str:
    """Returns an amount without the currency before or after it: `-12.50` of `-$12.50`, `1 234,50` of `1 234,50 €`.

    Args:
        text: Without white space around it. What is no amount stays as it is, or is no number then either.
    """
    if text[:1].isdigit() and text[-1:].isdigit():
        return text
    bare, found = _BEFORE.subn(r"\1", text, count=1) if _BEFORE.match(text) else (text, 0)
    return bare if found else _AFTER.sub("", text)
