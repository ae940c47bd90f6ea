"""A small Chinese shop, some titles of which are traditional or full-width, and what is asked there."""

from itertools import product

from tests.e2e.shopper_queries import ShopperQuery

# Category, the thing, its kinds, and its sizes or models.
_KINDS = (
    ("食品 > 乳制品", "牛奶", ("全脂", "脱脂", "有机"), ("250ml", "1L")),
    ("食品 > 乳制品", "酸奶", ("原味", "草莓", "蓝莓"), ("100g", "200g")),
    ("食品 > 茶叶", "绿茶", ("龙井", "碧螺春", "袋泡"), ("50g", "250g")),
    ("食品 > 零食", "饼干", ("苏打", "巧克力夹心", "无糖"), ("150g", "400g")),
    ("数码 > 耳机", "蓝牙耳机", ("无线", "降噪", "运动"), ("XR500", "QC35")),
    ("数码 > 手机配件", "充电宝", ("快充", "迷你", "大容量"), ("PB10000", "PB20000")),
    ("数码 > 手机配件", "数据线", ("编织", "快充", "磁吸"), ("1m", "2m")),
    ("服装 > 鞋", "运动鞋", ("男士", "女士", "儿童"), ("AIR270", "ZX750")),
    ("服装 > 外套", "羽绒服", ("男士", "女士", "儿童"), ("M", "XL")),
    ("家居 > 厨房", "电饭煲", ("智能", "迷你", "不锈钢"), ("3L", "5L")),
    ("家居 > 厨房", "保温杯", ("儿童", "商务", "不锈钢"), ("350ml", "500ml")),
    ("家居 > 床上用品", "枕头", ("乳胶", "记忆棉", "羽绒"), ("低枕", "高枕")),
)
_BRANDS = ("晨光", "山河", "星辰", "Lumi")
# Some titles are written as in Taiwan, and some with full-width letters and digits.
_TRADITIONAL = str.maketrans(
    "无线蓝运动儿电饭煲脱茶叶龙绒数据编织宝智记忆饼夹糖", "無線藍運動兒電飯煲脫茶葉龍絨數據編織寶智記憶餅夾糖"
)
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def products() -> list[dict[str, object]]:
    """Rows of the table products: 288, one title in six in traditional characters and one in six full-width."""
    rows: list[dict[str, object]] = []
    for category, thing, kinds, sizes in _KINDS:
        for brand, kind, size in product(_BRANDS, kinds, sizes):
            number = len(rows)
            title = f"{brand}{kind}{thing}{size}"
            title = title.translate({0: _TRADITIONAL, 1: _FULL_WIDTH}.get(number % 6, {}))
            price = 9.9 + number
            rows.append({"product_id": f"p{number}", "title": title, "category": category, "price": price})
    return rows


QUERIES = (
    ShopperQuery(query="牛奶", like="乳制品", at_least=5, never="枕|[鞋線线]"),
    ShopperQuery(query="全脂牛奶", like="全脂牛奶", at_least=5),
    ShopperQuery(query="无线蓝牙耳机", like="[无無][线線][蓝藍]牙耳机", at_least=5),
    ShopperQuery(query="無線藍牙耳機", like="[无無][线線][蓝藍]牙耳机", at_least=5),
    ShopperQuery(query="電飯煲", like="[电電][饭飯]煲", at_least=5),
    ShopperQuery(query="龍井綠茶", like="[龙龍]井", at_least=5),
    ShopperQuery(query="ＸＲ５００", like="XR500|ＸＲ５００", at_least=5),
    ShopperQuery(query="xr500耳机", like="XR500|ＸＲ５００", at_least=5),
    ShopperQuery(query="QC35", like="QC35|ＱＣ３５", at_least=5),
    ShopperQuery(query="AIR270运动鞋", like="AIR270|ＡＩＲ２７０", at_least=5),
    ShopperQuery(query="niunai", like="牛奶", at_least=5),
    ShopperQuery(query="niu nai", like="牛奶", at_least=5),
    ShopperQuery(query="chongdianbao", like="充[电電][宝寶]", at_least=5),
    ShopperQuery(query="lanya erji", like="牙耳机", at_least=5),
    ShopperQuery(query="yundongxie", like="[运運][动動]鞋", at_least=5),
    ShopperQuery(query="lumi baowenbei", like="Lumi|Ｌｕｍｉ", at_least=5, never="牛奶"),
    ShopperQuery(query="儿童羽绒服", like="[儿兒]童羽[绒絨]服", at_least=5),
    ShopperQuery(query="不锈钢 保温杯 500毫升", like="不锈钢保温杯", at_least=4),
    ShopperQuery(query="无糖饼干", like="[无無][糖糖][饼餅]干", at_least=5),
    ShopperQuery(query="有机牛奶１Ｌ", like="有机牛奶(1L|１Ｌ)", at_least=4),
)
