"""Online Retail from the raw file to a recommendation: `shelfwise init`, `shelfwise run`, a server, twenty users.

    python benchmarks/online_retail.py --data FOLDER --root DIR [--rows N]

FOLDER holds `online_retail.parquet`, the lines of invoices without those of returns. They are written to
DIR/data/online_retail.csv as the raw file was: dates with the month first, customers without an id empty, and one line
in fifty a return, whose invoice begins with C. Then the commands run as a shop would run them, and nothing is edited in
between. Ends with {"pushed": whether each model was pushed, "questions": how many init would have asked at a terminal,
"answers": how many of 20 users got products}.
"""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
import typer

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from serving.client import Shelfwise
from serving.server.background import server_thread
from tfx_pipeline.init.proposing import propose
from tfx_pipeline.init.questions import AtTerminal
from tfx_pipeline.summary.file import summary_of_run

LINES_A_RETURN = 50
USERS, HISTORY = 20, 50
PROJECT = Path(__file__).resolve().parents[1]


def main(
    data: Annotated[Path, typer.Option(help="Folder with online_retail.parquet.")],
    root: Annotated[Path, typer.Option(help="Folder for the raw file, the configuration and the run.")],
    rows: Annotated[int | None, typer.Option(min=1, help="Only so many lines, evenly over the invoices.")] = None,
) -> None:
    """Goes the whole way and counts answers."""
    print_machine("tensorflow", "tfx")
    folder = root / "data"
    folder.mkdir(parents=True, exist_ok=True)
    lines = raw_lines(pd.read_parquet(data / "online_retail.parquet"), rows)
    raw = folder / "online_retail.csv"
    lines.to_csv(raw, index=False, encoding="windows-1252")
    print(f"{len(lines):,} lines, {(lines['Quantity'] < 0).sum():,} of them returns", flush=True)
    config = root / "shop.yaml"
    config.unlink(missing_ok=True)
    asker = AtTerminal(show=print, read=lambda prompt: "")
    propose([str(raw)], asker)
    shelfwise("init", str(raw), "--out", str(config))
    code = shelfwise("run", "--config", str(config), "--root", str(root / "run"))
    pushed = code == 0 and all(task.pushed for task in summary_of_run(root / "run").tasks.values())
    print_figures(
        {"pushed": pushed, "questions": asker.asked, "answers": answers(root / "run", lines) if pushed else 0}
    )


def raw_lines(lines: pd.DataFrame, rows: int | None) -> pd.DataFrame:
    """Returns lines as the raw file has them.

    Args:
        lines: InvoiceNo, StockCode, Description, Quantity, InvoiceDate (ISO 8601), UnitPrice, CustomerID (0 for none)
            and Country.
        rows: Only whole invoices of about so many lines, evenly over all; all lines where it is left out.
    """
    if rows is not None and rows < len(lines):
        invoices = lines["InvoiceNo"].drop_duplicates().reset_index(drop=True)
        lines = lines[lines["InvoiceNo"].isin(invoices[:: -(-len(lines) // rows)])]
    lines = lines.reset_index(drop=True)
    moments = pd.to_datetime(lines["InvoiceDate"])
    returned = lines.index % LINES_A_RETURN == LINES_A_RETURN - 1
    invoices = lines["InvoiceNo"].astype(str)
    customers = lines["CustomerID"].astype(int)
    return pd.DataFrame(
        {
            "InvoiceNo": invoices.mask(returned, "C" + invoices),
            "StockCode": lines["StockCode"],
            "Description": lines["Description"],
            "Quantity": lines["Quantity"].mask(returned, -lines["Quantity"]),
            "InvoiceDate": [f"{moment.month}/{moment.day}/{moment.year} {moment:%-H:%M}" for moment in moments],
            "UnitPrice": lines["UnitPrice"],
            "CustomerID": customers.astype(str).mask(customers == 0, ""),
            "Country": lines["Country"],
        }
    )


def shelfwise(*arguments: str) -> int:
    """Runs the command line as a shop does, without a terminal to ask; returns its exit code."""
    print(f"$ shelfwise {' '.join(arguments)}", flush=True)
    command = [sys.executable, "-m", "tfx_pipeline", *arguments]
    return subprocess.run(command, cwd=PROJECT, stdin=subprocess.DEVNULL, check=False).returncode


def answers(root: Path, lines: pd.DataFrame) -> int:
    """Returns how many of some users get products, each asked for with the products bought last."""
    bought = lines[(lines["CustomerID"] != "") & (lines["Quantity"] > 0)]
    histories = bought.groupby("CustomerID", sort=True)["StockCode"].apply(list)
    given = 0
    with server_thread(root / "serving") as addresses, Shelfwise(addresses.grpc) as client:
        for history in histories.iloc[:: max(1, len(histories) // USERS)].head(USERS):
            given += bool(client.recommend([str(product) for product in history[-HISTORY:]]))
    return given


if __name__ == "__main__":
    typer.run(main)
