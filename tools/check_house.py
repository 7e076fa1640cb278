"""The house rules of code: python tools/check_house.py prints every breach and exits with 1.

Sizes (a file, a function, a stylesheet) and what reading the syntax tree shows. ruff and mypy know the rest.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_FILE_LINES = 400
MOST_FUNCTION_LINES = 60
MOST_CSS_LINES = 300

# Where a rule may be broken, each with its reason: a file, a folder with / at its end, or */ and a file of any folder.
COMMIT_ALLOWED = {
    "app/kernel/db.py": "transaction() itself",
    "*/jobs.py": "a job may take several short transactions",
    "app/system/mail.py": "a job: mail goes out between two short transactions",
    "app/system/runner.py": "claims and finishes jobs",
    "app/sandbox/": "a program of its own, with a database of its own",
}
FLOAT_ALLOWED = {
    "app/kernel/i18n.py": "the weights of Accept-Language",
    "app/sandbox/": "reads numbers of Stripe's description; its money is whole",
    "app/web/limits.py": "seconds",
    "app/web/metrics.py": "seconds",
}
WHOLE_LOCK_ALLOWED = {
    "app/catalog/departments/editing.py": "the row may be deleted",
    "app/catalog/imports/undoing.py": "the same",
    "app/catalog/keeping.py": "the same",
    "app/commerce/cart/merging.py": "the same",
}
NOW_ALLOWED = {"app/kernel/clock.py": "the one clock", "app/sandbox/": "another company's clock"}
PRINT_ALLOWED = {
    "app/cli.py": "the commands",
    "app/worker.py": "the same",
    "app/catalog/imports/command.py": "the same",
    "app/commerce/payments/verify.py": "the same",
    "app/demo/": "the same",
}

GETTEXT = {"_", "_l", "gettext", "lazy_gettext", "ngettext", "pgettext"}
NOW = {"now", "utcnow", "today", "utcfromtimestamp"}
Found = Iterator[tuple[int, str]]
Rule = Callable[[ast.AST], Found]


def faults(root: Path) -> Iterator[str]:
    """One line for each breach below `root`."""
    for folder in ("app", "bench", "tests", "tools"):
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            for line, fault in python_faults(name, path.read_text()):
                yield f"{name}:{line}: {fault}"
    for path in sorted((root / "static").rglob("*.css")):
        lines = len(path.read_text().splitlines())
        if lines > MOST_CSS_LINES:
            yield f"{path.relative_to(root)}:{lines}: {lines} lines; {MOST_CSS_LINES} at most: split by component"


def python_faults(name: str, source: str) -> list[tuple[int, str]]:
    """(line, breach) of one file, in order. name: its path from the root; rules differ by folder."""
    lines = len(source.splitlines())
    found = [(lines, f"{lines} lines; {MOST_FILE_LINES} at most: split by noun")] if lines > MOST_FILE_LINES else []
    rules: list[Rule] = [_function_length, _gettext]
    if name.startswith("app/"):
        rules += [_relationship]
        rules += [rule for rule, allowed in APP_RULES if not _is_allowed(name, allowed)]
    for node in ast.walk(ast.parse(source, filename=name)):
        for rule in rules:
            found += rule(node)
    return sorted(found)


def _is_allowed(name: str, allowed: dict[str, str]) -> bool:
    return any(
        name == where
        or (where.endswith("/") and name.startswith(where))
        or (where.startswith("*/") and name.endswith(where[1:]))
        for where in allowed
    )


def _function_length(node: ast.AST) -> Found:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > MOST_FUNCTION_LINES:
            yield node.lineno, f"{node.name} has {lines} lines; {MOST_FUNCTION_LINES} at most"


def _gettext(node: ast.AST) -> Found:
    """A sentence must be whole and written out, or it cannot be found and translated."""
    if not isinstance(node, ast.Call) or not node.args or _called(node) not in GETTEXT:
        return
    sentences = node.args[:2] if _called(node) == "ngettext" else node.args[:1]
    if any(
        isinstance(s, ast.JoinedStr | ast.BinOp) or (isinstance(s, ast.Call) and _called(s) == "format")
        for s in sentences
    ):
        yield node.lineno, f"{_called(node)}() takes one plain sentence with named placeholders"


def _relationship(node: ast.AST) -> Found:
    if isinstance(node, ast.Call) and _called(node) == "relationship":
        lazy = next((k.value for k in node.keywords if k.arg == "lazy"), None)
        if not (isinstance(lazy, ast.Constant) and lazy.value == "raise"):
            yield node.lineno, 'relationship(lazy="raise"): what a page needs is loaded by its query'


def _commit(node: ast.AST) -> Found:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
        yield node.lineno, "commit only through `async with transaction(db)`"


def _float(node: ast.AST) -> Found:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
        yield node.lineno, "no float: money is whole cents, rates are Decimal"


def _now(node: ast.AST) -> Found:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = ast.unparse(node.func.value).rpartition(".")[2]
        if owner in {"datetime", "date", "dt"} and node.func.attr in NOW:
            yield node.lineno, "the time comes from app.kernel.clock, aware and settable"
        elif owner == "datetime" and node.func.attr == "fromtimestamp" and len(node.args) + len(node.keywords) < 2:
            yield node.lineno, "fromtimestamp without a zone gives a naive time"


def _print(node: ast.AST) -> Found:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
        yield node.lineno, "no print: log it"


def _whole_lock(node: ast.AST) -> Found:
    """FOR UPDATE also stops whoever only refers to the row: foreign keys checked meanwhile could wait in a circle.

    https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-ROWS
    """
    if not isinstance(node, ast.Call):
        return
    called = ast.unparse(node.func).endswith(".with_for_update")
    whole = called and not any(k.arg in {"key_share", "skip_locked"} for k in node.keywords)
    given = [
        k for k in node.keywords if k.arg == "with_for_update" and isinstance(k.value, ast.Constant) and k.value.value
    ]
    if whole or given:
        yield node.lineno, "lock with key_share=True: only a row that is going to be deleted needs all of FOR UPDATE"


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


APP_RULES: tuple[tuple[Rule, dict[str, str]], ...] = (
    (_commit, COMMIT_ALLOWED),
    (_float, FLOAT_ALLOWED),
    (_now, NOW_ALLOWED),
    (_print, PRINT_ALLOWED),
    (_whole_lock, WHOLE_LOCK_ALLOWED),
)


def main(root: Path = ROOT) -> int:
    found = list(faults(root))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
