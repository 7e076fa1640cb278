"""No float touches money: python tools/check_money.py prints every breach and exits with 1.

Amounts are whole minor units, rates are Decimal (docs/algorithms/split.md). Where money is handled, any float at all is
refused; elsewhere in app/, whatever would turn a name that says it is money into one. It reads the syntax tree: a name
that does not say what it holds is seen only in the places of MONEY.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Where money is handled: a folder with / at its end, or a file.
MONEY = (
    "app/catalog/earnings.py",
    "app/catalog/prices.py",
    "app/catalog/reductions.py",
    "app/commerce/",
    "app/delivery/",
    "app/integrations/stripe_money.py",
    "app/integrations/stripe_objects.py",
    "app/kernel/formats.py",
    "app/kernel/money.py",
    "app/pricing/",
)
# Files among them that reckon with something else too: there, only names of money are watched.
MIXED = {
    "app/commerce/documents/pdf.py": "points on the sheet",
    "app/commerce/documents/sheets.py": "points on the sheet",
    "app/commerce/payouts/papers.py": "widths of columns",
}
# Where a price goes into something that is not money: a folder with / at its end, or a file.
NOT_MONEY = {
    "app/analytics/recommendations/": "weights and scores",
    "app/catalog/index.py": "a place in the order by price per kilogram, never shown or paid",
}

WORDS = "amount|amounts|balance|cents|cost|costs|fee|fees|gross|minor|payout|price|prices|subtotal|total|totals"
IS_MONEY = re.compile(rf"(?:.*_)?(?:{WORDS})")
IS_PATH = re.compile(r"(?:.*_)?(?:dir|folder|path|root)", re.IGNORECASE)
FLOAT_COLUMNS = {"DOUBLE", "DOUBLE_PRECISION", "Double", "FLOAT", "Float", "REAL"}
INEXACT = {"ceil", "floor", "fsum", "fmean", "mean", "round", "sqrt", "trunc"}
INEXACT_OWNERS = {"func", "math", "statistics"}
INEXACT_SPEC = re.compile(r"[.]\d+[fF]$|[eEgG%]$")
Found = Iterator[tuple[int, str]]


def faults(root: Path) -> Iterator[str]:
    """One line for each breach in the program below `root`; the sandbox's money is another company's."""
    for path in sorted((root / "app").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not name.startswith("app/sandbox/"):
            for line, fault in money_faults(name, path.read_text()):
                yield f"{name}:{line}: {fault}"


def money_faults(name: str, source: str) -> list[tuple[int, str]]:
    """(line, breach) of one file, in order. name: its path from the root; the rules differ by it."""
    if any(name == where or (where.endswith("/") and name.startswith(where)) for where in NOT_MONEY):
        return []
    tree = ast.parse(source, filename=name)
    reader = Reader(_decimals(tree), everything=name.startswith(MONEY) and name not in MIXED)
    return sorted({fault for node in ast.walk(tree) for fault in reader.faults(node)})


def _decimals(tree: ast.AST) -> set[str]:
    """What the file itself says is a Decimal: arguments, fields and results. Dividing those is exact enough."""
    found = {"Decimal"}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and _names(node.annotation) & {"Decimal"}:
            found.add(node.arg)
        elif isinstance(node, ast.AnnAssign) and _names(node.annotation) & {"Decimal"}:
            found |= _names(node.target) - {"self"}
        elif (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.unparse(node.returns or node) == "Decimal"
        ):
            found.add(node.name)
    return found


def _names(node: ast.AST | None) -> set[str]:
    """All names in an expression, those of attributes too."""
    found = ast.walk(node) if node is not None else ()
    return {n.id if isinstance(n, ast.Name) else n.attr for n in found if isinstance(n, ast.Name | ast.Attribute)}


def _is_float(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


@dataclass(frozen=True)
class Reader:
    """Reads one file. decimals: its names of exact numbers. everything: whether all in it counts as money."""

    decimals: set[str]
    everything: bool

    def faults(self, node: ast.AST) -> Found:
        match node:
            case ast.BinOp():
                yield from self._reckoned(node)
            case ast.AugAssign(op=ast.Div()) if self._is_money(node.target) and not self._is_exact(node.value):
                yield node.lineno, "money is not divided with /: use money.allocate, money.divided or //"
            case ast.Call():
                yield from self._called(node)
            case ast.arg(arg=name, annotation=kind) | ast.AnnAssign(target=ast.Name(id=name), annotation=kind):
                if (self.everything or IS_MONEY.fullmatch(name)) and "float" in _names(kind):
                    yield node.lineno, f"{name} is a float: money is whole minor units, a rate is a Decimal"
            case ast.FormattedValue(format_spec=ast.JoinedStr(values=[ast.Constant(value=spec)])):
                if INEXACT_SPEC.search(str(spec)) and self._is_money(node.value) and not self._is_exact(node.value):
                    yield node.lineno, "money is shown by kernel.formats, which keeps every cent"
            case ast.Constant() if self.everything and _is_float(node):
                yield node.lineno, "no float where money is handled: a rate is Decimal('…')"
            case ast.Name(id=name) | ast.Attribute(attr=name) if self.everything and name in FLOAT_COLUMNS:
                yield node.lineno, f"no {name} column where money is handled: whole minor units, or text of a Decimal"

    def _reckoned(self, node: ast.BinOp) -> Found:
        concerns = self.everything or self._is_money(node)
        if isinstance(node.op, ast.Div) and concerns and not self._is_exact(node) and not self._is_path(node):
            yield node.lineno, "money is not divided with /: use money.allocate, money.divided or //"
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if self._is_money(one) and _is_float(other):
                yield node.lineno, "money is not reckoned with a float: a rate is a Decimal"

    def _called(self, node: ast.Call) -> Found:
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        concerns = self.everything or any(self._is_money(given) for given in node.args)
        if name in INEXACT and owner in {"", *INEXACT_OWNERS} and concerns:
            yield node.lineno, f"money is not put through {name}(): money.divided says how it is rounded"
        if name == "float" and concerns:
            yield node.lineno, "money is not made a float"

    def _is_money(self, node: ast.AST) -> bool:
        return any(IS_MONEY.fullmatch(name) for name in _names(node))

    def _is_exact(self, node: ast.AST) -> bool:
        return not self.decimals.isdisjoint(_names(node))

    @staticmethod
    def _is_path(node: ast.BinOp) -> bool:
        return _is_text(node.right) or any(IS_PATH.fullmatch(name) for name in _names(node))


def main(root: Path = ROOT) -> int:
    found = list(faults(root))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
