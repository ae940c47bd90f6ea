"""How shops call the columns that Shelfwise knows, in several languages."""

import unicodedata

# The likeliest names first; written as `plain_name` writes them.
_NAMES: dict[str, tuple[str, ...]] = {
    "user_id": (
        "userid", "customerid", "customeruniqueid", "clientid", "visitorid", "memberid", "buyerid", "shopperid",
        "accountid", "userpseudoid", "reviewerid", "householdid", "user", "customer", "client", "visitor", "customerno",
        "customernumber", "customeremail", "useremail", "email", "kundennummer", "kundennr", "kundenid", "kunde",
        "idclient", "numeroclient", "clienteid", "idcliente", "cliente", "fullvisitorid", "sessionid",
        "用户id", "用户编号", "用户", "客户id", "客户编号", "客户", "会员id", "会员号", "会员编号", "买家id",
        "會員編號", "會員id", "會員", "客戶編號", "客戶id", "客戶", "顧客編號", "用戶id", "用戶編號", "買家id",
    ),
    "product_id": (
        "productid", "itemid", "sku", "productsku", "itemsku", "stockcode", "asin", "articleid", "articleno",
        "articlenumber", "itemno", "productcode", "itemcode", "productno", "upc", "ean", "gtin", "isbn", "product",
        "item", "article", "artikelnummer", "artikelnr", "artikelid", "produktid", "artikel", "produkt", "idproduit",
        "refproduit", "reference", "produit", "codigoproducto", "idproducto", "producto", "variantsku", "variantid",
        "商品id", "商品编号", "商品编码", "产品id", "产品编号", "货号", "商品",
        "商品編號", "商品編碼", "商品代號", "產品編號", "產品id", "貨號",
    ),
    "event_type": (
        "eventtype", "event", "eventname", "action", "actiontype", "behaviortype", "behaviourtype", "behavior",
        "behaviour", "interaction", "interactiontype", "activity", "ereignis", "aktion", "evenement",
        "行为类型", "行为", "事件类型", "事件", "行為類型", "行為", "事件類型",
    ),
    "timestamp": (
        "timestamp", "eventtime", "eventtimestamp", "datetime", "createdat", "orderdate", "invoicedate", "orderedat",
        "purchasedate", "purchasetimestamp", "orderpurchasetimestamp", "transactiondate", "time", "date", "ts",
        "eventdate", "orderts", "unixtime", "unixreviewtime", "createdtime", "ordertime", "paymenttime", "saledate",
        "bestelldatum", "kaufdatum", "datum", "zeit", "zeitstempel", "datecommande", "dateachat", "fecha",
        "下单时间", "订单时间", "购买时间", "付款时间", "创建时间", "时间戳", "时间", "日期",
        "訂單日期", "訂單時間", "下單時間", "下單日期", "購買日期", "購買時間", "付款時間", "交易日期", "時間",
    ),
    "position": ("position", "ordernumberofuser", "sequence", "seq", "sequencenumber", "step", "序号", "序號"),
    "basket_id": (
        "basketid", "orderid", "invoiceno", "invoice", "ordernumber", "orderno", "transactionid", "cartid", "receiptid",
        "receiptno", "invoiceid", "invoicenumber", "checkoutid", "order", "bestellnummer", "bestellid",
        "rechnungsnummer", "numerocommande", "idcommande", "commande", "pedido", "订单id", "订单号", "订单编号",
        "訂單編號", "訂單號碼", "訂單id",
    ),
    "quantity": (
        "quantity", "qty", "units", "amountordered", "qtyordered", "itemquantity", "count", "menge", "anzahl", "stueck",
        "quantite", "cantidad", "数量", "购买数量", "數量", "購買數量",
    ),
    "amount": (
        "amount", "linetotal", "itemtotal", "rowtotal", "lineamount", "extendedprice", "zeilensumme",
        "salesvalue", "revenue", "betrag", "umsatz", "montant", "金额", "总价",
        "金額", "總價", "小計",
    ),
    "price": (
        "price", "unitprice", "itemprice", "productprice", "regularprice", "variantprice", "listprice", "preis",
        "einzelpreis", "stueckpreis", "prix", "prixunitaire", "precio", "单价", "价格", "售价", "單價", "價格", "售價",
        "定價", "saleprice",
    ),
    "title": (
        "title", "productname", "producttitle", "itemname", "name", "description", "productdescription", "itemtitle",
        "articlename", "produktname", "artikelname", "bezeichnung", "artikelbezeichnung", "titel", "nomproduit", "nom",
        "libelle", "designation", "nombre", "商品名称", "商品标题", "产品名称", "标题", "名称",
        "商品名稱", "商品標題", "產品名稱", "品名", "標題", "名稱",
    ),
    "description": (
        "description", "longdescription", "shortdescription", "productdescription", "details", "bodyhtml",
        "beschreibung", "produktbeschreibung", "descripcion", "商品描述", "描述", "简介", "簡介",
    ),
    "brand": ("brand", "vendor", "manufacturer", "make", "marke", "hersteller", "marque", "fabricant", "marca", "品牌"),
    "seller": (
        "seller", "sellerid", "sellername", "merchant", "merchantid", "merchantname", "verkaeufer", "haendler",
        "vendeur", "vendedor", "卖家", "賣家",
    ),
    "category": (
        "category", "categoryname", "categories", "productcategory", "producttype", "department", "type", "categoryid",
        "kategorie", "warengruppe", "categorie", "rayon", "categoria", "类目", "品类", "分类", "类别", "類別", "分類",
    ),
    "rating": ("averagerating", "rating", "stars", "score", "bewertung", "note", "评分", "評分"),
    "in_stock": (
        "instock", "isinstock", "available", "availability", "lagernd", "enstock", "有货", "是否有货", "有貨",
        "是否有貨",
    ),
    "shown_at": (
        "shownat", "impressiontime", "impressiontimestamp", "exposuretime", "exposedat", "servedat", "displayedat",
        "sentat", "senttime", "senddate", "angezeigtam", "gesendetam", "datenvoi", "enviado", "曝光时间", "发送时间",
        "曝光時間", "發送時間",
    ),
    "offer_id": (
        "offerid", "offer", "couponid", "couponupc", "coupon", "adid", "bannerid", "creativeid", "voucherid",
        "angebotid", "angebotsnummer", "angebot", "gutscheinid", "gutschein", "offreid", "offre", "idoferta", "oferta",
        "优惠券id", "优惠券", "广告id", "優惠券id", "優惠券", "廣告id",
    ),
    "campaign_id": (
        "campaignid", "campaign", "kampagne", "kampagneid", "campagne", "campana", "活动id", "活动编号", "活動id",
        "活動編號",
    ),
    "propensity": ("propensity", "propensityscore", "treatmentprobability"),
    "treatment": ("treatment", "treatmentgroup", "arm", "experimentgroup", "testgroup", "实验组", "實驗組"),
    "responded_at": ("respondedat", "clickedat", "clicktime", "redeemedat", "responsetime", "点击时间", "點擊時間"),
    "products": ("products", "productids", "items", "produkte", "produits", "productos"),
    "query": (
        "query", "searchterm", "searchquery", "keyword", "keywords", "suchbegriff", "requete", "搜索词", "关键词",
        "查询", "搜尋詞", "關鍵字",
    ),
    "relevance": ("relevance", "grade", "relevanz", "pertinence", "相关性", "相關性"),
    "text": (
        "text", "review", "reviewtext", "comment", "comments", "message", "utterance", "instruction", "body", "content",
        "reviewbody", "reviewcommentmessage", "kommentar", "bewertungstext", "commentaire", "avis", "评论", "评论内容",
        "内容", "文本", "評論", "評論內容", "內容",
    ),
    "label": (
        "label", "sentiment", "intent", "class", "target", "overall", "rating", "stars", "klasse", "etiquette", "标签",
        "情感",
    ),
    "answer_id": ("answerid", "faqid", "replyid", "antwortid", "idreponse", "答案id", "答案编号", "回答id", "答案編號"),
    "question": ("question", "customerquestion", "frage", "pregunta", "domanda", "问题", "提问", "問題"),
    "intent": ("intent", "intention", "absicht", "意图", "意圖"),
    "dialogue_id": (
        "dialogueid", "dialogid", "conversationid", "chatid", "ticketid", "threadid", "gesprachsid", "对话id", "会话id",
        "對話id",
    ),
    "turn": ("turn", "turnid", "turnnumber", "turnindex", "messageindex", "messagenumber", "轮次", "輪次"),
    "speaker": ("speaker", "role", "author", "sender", "sprecher", "absender", "说话人", "角色", "說話人"),
    "segment": ("segment", "customersegment", "tier", "loyaltytier", "kundensegment"),
    "store_id": (
        "storeid", "store", "storenumber", "branchid", "branch", "filiale", "filialnummer", "magasin", "tienda",
        "门店", "门店编号", "門店", "門市", "分店",
    ),
    "start": (
        "start", "startdate", "startsat", "startson", "starttime", "validfrom", "from", "begin", "promostart",
        "promotionstart", "beginn", "von", "gultigab", "gultigvon", "debut", "datedebut", "inicio", "fechainicio",
        "开始日期", "开始时间", "開始日期", "開始時間",
    ),
    "end": (
        "end", "enddate", "endsat", "endson", "endtime", "validto", "validuntil", "until", "to", "promoend",
        "promotionend", "ende", "bis", "gultigbis", "fin", "datefin", "fechafin", "结束日期", "结束时间",
        "結束日期", "結束時間",
    ),
    "placement": ("placement", "promotiontype", "promotype", "media", "aktionsart", "emplacement", "ubicacion"),
    "discount": ("discount", "discountrate", "discountshare", "rabatt", "nachlass", "remise", "descuento", "折扣"),
    "share": ("share", "storeshare", "shareofstores"),
    "date": ("date", "day", "snapshotdate", "stockdate", "asof", "stichtag", "datum", "fecha", "日期"),
    "on_hand": (
        "onhand", "stockonhand", "quantityonhand", "qtyonhand", "stockquantity", "stocklevel", "inventory",
        "inventoryquantity", "stock", "bestand", "lagerbestand", "existencias", "quantiteenstock",
        "库存", "库存数量", "庫存", "庫存數量",
    ),
    "lead_time_days": (
        "leadtimedays", "leadtime", "leadtimeindays", "deliverydays", "lieferzeit", "lieferzeittage",
        "wiederbeschaffungszeit", "delailivraison", "plazoentrega", "交货天数", "交貨天數",
    ),
    "pack_size": (
        "packsize", "casepack", "casesize", "unitspercase", "orderunit", "packungsgrosse", "vpe", "colisage", "箱规",
        "箱規",
    ),
    "unit_cost": (
        "unitcost", "cost", "costprice", "purchaseprice", "einkaufspreis", "einstandspreis", "prixachat", "costo",
        "成本", "进价", "進價",
    ),
}  # fmt: skip

_ANSWERS = {
    "answer",
    "answertext",
    "response",
    "reply",
    "antwort",
    "reponse",
    "respuesta",
    "答案",
    "回答",
    "回复",
    "回覆",
}
_VIEWED = {
    "view", "pv", "click", "pageview", "viewitem", "viewproduct", "productview", "detail", "productdetail", "browse",
    "clickout", "impression", "views", "ansicht", "vue", "浏览", "点击", "查看", "瀏覽", "點擊",
}  # fmt: skip
_WANTED = {
    "cart", "addtocart", "add", "basket", "addtobasket", "atc", "fav", "favorite", "favourite", "wishlist", "like",
    "addtowishlist", "checkout", "begincheckout", "warenkorb", "panier", "加购", "加入购物车", "收藏",
    "加入購物車",
}  # fmt: skip
_BOUGHT = {
    "purchase", "buy", "bought", "order", "ordered", "transaction", "sale", "sold", "paid", "conversion",
    "checkoutdone", "purchased", "kauf", "bestellung", "achat", "compra", "购买", "下单", "支付", "購買", "下單",
}  # fmt: skip
_UNDONE = {
    "removefromcart", "remove", "refund", "return", "returned", "cancel", "cancelled", "canceled", "unfav", "dislike",
    "退货", "退款", "取消", "移除", "退貨",
}  # fmt: skip
# Dates that are not those of an event: the first are nobody's doing, the others come after it.
_NO_EVENTS = ("birth", "born", "geburt", "naissance", "nacimiento", "dob", "expir", "valid", "生日", "到期")
_LATER = (
    "deliver", "ship", "dispatch", "due", "updat", "modif", "chang", "return", "refund", "cancel", "liefer", "versand",
    "aktualisiert", "geandert", "livraison", "expedi", "entrega", "envio", "发货", "收货", "更新", "出貨", "到貨",
)  # fmt: skip


def plain_name(name: str) -> str:
    """Returns a name in small letters without accents, spaces and signs."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if letter.isalnum() and not unicodedata.combining(letter))


def name_rank(column: str, name: str) -> int | None:
    """Says how well a name in a file fits a column of the contract.

    Args:
        column: Column of the contract.
        name: Name in the file.

    Returns:
        0 for the best fit, more for a lesser one, None for none.
    """
    plain = plain_name(name)
    if plain == plain_name(column):
        return 0
    names = _NAMES.get(column, ())
    return names.index(plain) + 1 if plain in names else None


def is_answer_name(name: str) -> bool:
    """Says whether a column called so holds answers, beside another one of texts."""
    return plain_name(name) in _ANSWERS


def may_be_event_times(name: str) -> bool:
    """Says whether dates called so may tell when something was done, unlike birthdays."""
    return not any(word in plain_name(name) for word in _NO_EVENTS)


def are_later_times(name: str) -> bool:
    """Says whether dates called so tell what came after something was done, such as its delivery."""
    return any(word in plain_name(name) for word in _LATER)


def kind_of_event(value: str) -> str | None:
    """Returns what an event type means: `view`, `cart`, `purchase`, `undone`, or None if its name does not tell."""
    plain = plain_name(value)
    for kind, names in {"view": _VIEWED, "cart": _WANTED, "purchase": _BOUGHT, "undone": _UNDONE}.items():
        if plain in names:
            return kind
    return None
