"""The check for floats in money finds what was planted, and leaves exact arithmetic alone."""

from pathlib import Path

import pytest

from tools import check_money

CART, SHELF = "app/commerce/cart/lines.py", "app/catalog/shelf.py"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (SHELF, "half = price_minor / 2"),
        (SHELF, "shown = line.total_minor / 100"),
        (SHELF, "row.balance /= 2"),
        (SHELF, "with_vat = cents * 1.22"),
        (SHELF, "with_vat = 1.22 * row.price_minor"),
        (SHELF, "whole = round(order.total * rate)"),
        (SHELF, "lowest = func.round(Variant.price_minor)"),
        (SHELF, "up = math.ceil(fee)"),
        (SHELF, "x = float(amount_minor)"),
        (SHELF, "def deed(price_minor: float) -> None: ..."),
        (SHELF, "total: float = read()"),
        (SHELF, 'text = f"{total_minor:.2f} €"'),
        (CART, "share = a / b"),
        (CART, "LEAST = 0.5"),
        (CART, "def deed(rate: float) -> None: ..."),
        (CART, "x = round(a)"),
        (CART, "x = float(a)"),
        (CART, "price_minor: Mapped[int] = mapped_column(Float)"),
        (CART, "weight = mapped_column(sa.REAL)"),
        ("app/commerce/payouts/papers.py", "half = amount_minor / 2"),
    ],
)
def test_a_float_in_money_is_found(name: str, code: str) -> None:
    assert [line for line, _fault in check_money.money_faults(name, code)] == [1]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (CART, "half, rest = divmod(total_minor, 2)\nquarter = total_minor // 4"),
        (CART, "def deed(rate: Decimal) -> Decimal:\n    return price_minor * rate / 100"),
        (CART, "amount = Decimal(minor) / 3\ntext = f'{Decimal(minor):.2f}'"),
        (CART, "place = root / 'a' / f'{b}'\nfolder = settings.data_dir / FOLDER"),
        (CART, "allowed = engine.floor(price_minor, percent)"),
        (SHELF, "ratio = width / height\nseconds = 0.5\nx = round(seconds)"),
        ("app/commerce/payouts/papers.py", "columns = [0.4, 0.6]"),
        ("app/analytics/recommendations/scoring.py", "nearness = min(a_price, b_price) / max(a_price, b_price)"),
    ],
)
def test_what_is_exact_or_no_money_passes(name: str, code: str) -> None:
    assert check_money.money_faults(name, code) == []


def test_the_command_names_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "app" / "pricing").mkdir(parents=True)
    (tmp_path / "app" / "pricing" / "sale.py").write_text("\nOFF = 0.1\n")

    assert check_money.main(tmp_path) == 1
    assert "app/pricing/sale.py:2: no float where money is handled" in capsys.readouterr().out


def test_every_exception_is_still_needed() -> None:
    for name in (*check_money.MIXED, *check_money.NOT_MONEY):
        assert (check_money.ROOT / name).exists(), name
