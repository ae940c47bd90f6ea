"""How text is encoded: what was written in an encoding is known by its bytes, where they tell."""

import codecs

import pytest

from tfx_pipeline.init.files.encodings import guess_encoding, reading_in

CHINESE = "user_id,title\n1,全脂牛奶 500克\n2,有机绿茶，清香\n3,护眼台灯\n"
GERMAN = "Kunde,Titel\n1,Grüner Tee für Müßiggänger\n2,Kännchen – weiß\n3,Tasse 3,50 €\n"
FRENCH = "client,libellé\n1,Crème brûlée à l'ancienne\n2,Théière en fonte\n"
ASCII = "user_id,title\n1,Green tea\n"


@pytest.mark.parametrize("text", [CHINESE, GERMAN, FRENCH, ASCII])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_utf_with_or_without_a_mark_needs_no_word(text: str, encoding: str) -> None:
    guess = guess_encoding(text.encode(encoding))
    assert (guess.encoding, guess.others) == (None, ())


def test_utf16_without_a_mark_is_named() -> None:
    assert guess_encoding(ASCII.encode("utf-16-le")).encoding == "utf-16-le"
    assert guess_encoding(ASCII.encode("utf-16-be")).encoding == "utf-16-be"


@pytest.mark.parametrize(
    ("text", "encoding"), [(CHINESE, "gb18030"), (GERMAN, "windows-1252"), (FRENCH, "windows-1252")]
)
def test_what_makes_sense_in_one_reading_alone_is_certain(text: str, encoding: str) -> None:
    guess = guess_encoding(text.encode(encoding))
    assert (guess.encoding, guess.others) == (encoding, ())
    assert codecs.lookup(encoding)


def test_what_makes_sense_in_none_is_not_certain_and_both_readings_can_be_shown() -> None:
    head = "id,title\n1,Äpfel ÄÖÜ\n".encode("windows-1252")
    guess = guess_encoding(head)
    assert {guess.encoding, *guess.others} == {"gb18030", "windows-1252"}
    assert guess.others
    assert reading_in(head, "windows-1252") == "1,Äpfel ÄÖÜ"
    assert reading_in(head, "gb18030") != reading_in(head, "windows-1252")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("windows-1250", "id,název\n1,Křehké sušenky\n2,Čaj černý, bylinný\n3,Bílá čokoláda\n"),
        ("windows-1250", "id,názov\n1,Kľúčenka čierna\n2,Ťažký hrniec\n"),
        ("windows-1250", "id,nazwa\n1,Łóżko drewniane\n2,Kawa świeżo palona\n3,Książka\n"),
        ("windows-1250", "id,név\n1,Erős paprika\n2,Fűszer gyűjtemény\n"),
        ("windows-1251", "id,название\n1,Чай зелёный\n2,Тёмный шоколад\n3,Кружка 300 мл\n"),
        ("windows-1254", "id,ad\n1,Şekerli çay\n2,Kırmızı bardak\n3,Yeşil çanta ğ\n"),
    ],
)
def test_letters_of_other_languages_are_asked_for_with_the_right_encoding_first(encoding: str, text: str) -> None:
    guess = guess_encoding(text.encode(encoding))
    assert guess.encoding == encoding
    assert {"windows-1252", "windows-1250", "windows-1251", "windows-1254"} <= {guess.encoding, *guess.others}


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp949", "id,이름\n1,녹차 한국산\n2,홍차 티백\n3,보리차\n"),
        ("cp932", "id,名前\n1,緑茶 ティーバッグ\n2,コーヒー豆 500g\n3,お茶碗\n"),
        ("euc_jp", "id,名前\n1,緑茶 ティーバッグ\n2,コーヒー豆 500g\n3,お茶碗\n"),
        ("cp950", "id,名稱\n1,烏龍茶\n2,高山綠茶\n3,咖啡豆\n"),
        ("cp850", "id,Name\n1,Käse\n2,Öl süß\n3,Weißer Tee, grün\n"),
        ("cp850", "id,nombre\n1,Té verde\n2,Café\n3,Azúcar\n"),
        ("mac_roman", "id,nom\n1,Café crème\n2,Thé vert\n"),
    ],
)
def test_the_encodings_of_other_countries_and_machines_come_first(encoding: str, text: str) -> None:
    guess = guess_encoding(text.encode(encoding))
    assert guess.encoding == encoding, guess
    assert reading_in(text.encode(encoding), encoding) in " ".join(word for word in text.split() if not word.isascii())


@pytest.mark.parametrize(
    "text",
    [
        "id,título\n1,¿Qué té? Año nuevo\n2,Café con leche, 20 m³\n",
        "id,navn\n1,Rødgrød med fløde\n2,Blåbærsyltetøj\n3,Café\n",
        "id,namn\n1,Jordgubbssylt från Småland\n2,Hjortronsås – 1 liter\n",
        "id,nome\n1,Caffè d'orzo, qualità è più\n2,Tè verde però così\n",
        "id,nome\n1,Pão de açúcar\n2,Limões e maçãs, 1º lugar\n",
        "id,nom\n1,Pièce\n2,Crème\n3,Thé frappé\n",
        "id,nafn\n1,Íslenskt súkkulaði\n2,Þorskur og fiskur, ýsa\n3,Jarðarber í öskju\n",
        "id,titel\n1,Größe 20 m²\n2,Möhren für 3 €\n",
        "id,title\n1,Gift voucher £40\n",
    ],
)
def test_western_languages_stay_certain(text: str) -> None:
    guess = guess_encoding(text.encode("windows-1252"))
    assert (guess.encoding, guess.others) == ("windows-1252", ())
