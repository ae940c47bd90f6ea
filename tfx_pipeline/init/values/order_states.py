"""Which rows of orders are no purchases, by the state that their column says."""

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tfx_pipeline.init.column_names import plain_name
from tfx_pipeline.init.sample import Sample

_COLUMNS = {
    "status", "state", "orderstatus", "orderstate", "financialstatus", "paymentstatus", "paymentstate", "salestatus",
    "transactionstatus", "type", "ordertype", "transactiontype", "bestellstatus", "auftragsstatus", "zahlungsstatus",
    "statut", "statutcommande", "etat", "estado", "订单状态", "状态", "訂單狀態", "狀態",
}  # fmt: skip
_UNDONE = {
    "cancelled", "canceled", "cancel", "refund", "refunded", "failed", "declined", "voided", "void", "returned",
    "return", "rejected", "chargeback", "fraud", "expired", "abandoned", "trash", "storniert", "storno", "abgebrochen",
    "erstattet", "fehlgeschlagen", "retoure", "annule", "annulee", "rembourse", "remboursee", "echoue", "cancelado",
    "cancelada", "reembolsado", "reembolsada", "anulado", "已取消", "取消", "已退款", "退款", "已退貨", "退货",
    "退貨", "失败",
}  # fmt: skip


def undone_orders(samples: Iterable[Sample], quantity: str | None) -> dict[str, list[str]]:
    """Returns the values whose rows were called off, given back or never paid, by column.

    Args:
        samples: The file with the rows, and those that are joined to it.
        quantity: The column of quantities, if there is one: rows with one below 0 are returns, which take back what was
            bought before, and stay.

    Returns:
        Values by the name of their column; a column of nothing else is passed over, as it says something else.
    """
    found = {}
    for sample in samples:
        for name in sample.rows.column_names:
            if plain_name(name) not in _COLUMNS:
                continue
            values = list(dict.fromkeys(value.strip() for value in sample.distinct(name) if value.strip()))
            undone = [value for value in values if plain_name(value).removeprefix("wc") in _UNDONE]
            if 0 < len(undone) < len(values) and not _are_returns(sample, name, undone, quantity):
                found[name] = undone
    return found


def _are_returns(sample: Sample, name: str, values: Sequence[str], quantity: str | None) -> bool:
    if quantity is None or quantity not in sample.names:
        return False
    rows = pc.is_in(pc.utf8_trim_whitespace(sample.ids(name)), pa.array(values, pa.large_string()))
    return pc.any(pc.starts_with(sample.ids(quantity).filter(rows), "-")).as_py() or False


def is_order_state(name: str) -> bool:
    """Says whether a column is called as those with the states of orders are."""
    return plain_name(name) in _COLUMNS
