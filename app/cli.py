"""The `tavola` command."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from app import settings as settings_module
from app.settings import BadSettings, Settings


def main(argv: list[str] | None = None) -> None:
    """Run one subcommand. Exits with 2 and all faults at once when the environment is wrong."""
    arguments = _parser().parse_args(argv)
    try:
        settings = settings_module.read()
    except BadSettings as bad:
        print("Tavola cannot start:", *(f"  - {fault}" for fault in bad.faults), sep="\n", file=sys.stderr)
        sys.exit(2)
    sys.exit(arguments.run(settings, arguments) or 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tavola", description="A storefront engine for people who make things.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, run: object, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    add("serve", serve, "everything in one process for a local machine: migrations, demo shop, web, jobs")
    add("web", web, "one production web process on PORT")
    add("worker", worker, "a worker for background jobs (needs REDIS_URL)")
    add("release", release, "bring the database to the present schema")
    add("demo", demo, "load the demonstration shops")
    add("reindex", reindex, "make what lists and searches read anew, from the products")
    add("push-key", push_key, "print a new VAPID_PRIVATE_KEY")
    importing = add("import", import_products, "load products from a CSV file of ours, Shopify's or WooCommerce's")
    importing.add_argument("file", type=Path, nargs="?")
    importing.add_argument("--shop", required=True, help="slug of the shop")
    importing.add_argument("--dry-run", action="store_true", help="check only, write nothing")
    importing.add_argument("--partial", action="store_true", help="write the good lines even if others are not")
    importing.add_argument("--undo", action="store_true", help="take the last import back; no file")
    importing.add_argument("--format", choices=["tavola", "shopify", "woocommerce"], default="")
    importing.add_argument("--producer", default="", help="slug, where the file names none of ours; whose to undo")
    importing.add_argument("--category", default="", help="slug, for categories of the file that are none of ours")
    importing.add_argument("--vat", default="", help="percent, for files that do not say it")
    exporting = add("export", export_products, "write products into a CSV file, as import takes it")
    exporting.add_argument("file", type=Path)
    exporting.add_argument("--shop", required=True, help="slug of the shop")
    exporting.add_argument("--producer", default="", help="slug, for one producer's only")
    ledger = add("ledger", ledger_command, "the ledger of every cent")
    ledger.add_argument("action", choices=["verify"])
    return parser


def serve(settings: Settings, _: argparse.Namespace) -> int:
    from app.demo import load  # noqa: PLC0415
    from app.server import run  # noqa: PLC0415

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    release(settings, _)
    if settings.is_local:
        asyncio.run(load.demo(settings))
        for line in load.welcome(settings):
            print(line)
    run(settings)
    return 0


def web(settings: Settings, _: argparse.Namespace) -> int:
    from app.server import run  # noqa: PLC0415

    run(settings)
    return 0


def worker(settings: Settings, _: argparse.Namespace) -> int:
    from app.worker import run  # noqa: PLC0415

    return run(settings)


def release(settings: Settings, _: argparse.Namespace) -> int:
    import app.joins  # noqa: F401, PLC0415  (who may sell)
    from app.catalog import reindexing  # noqa: PLC0415
    from app.system.migrations import upgrade  # noqa: PLC0415

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)
    asyncio.run(reindexing.run(settings, only_missing=True))
    return 0


def reindex(settings: Settings, _: argparse.Namespace) -> int:
    import app.joins  # noqa: F401, PLC0415  (who may sell)
    from app.catalog import reindexing  # noqa: PLC0415

    print(f"{asyncio.run(reindexing.run(settings, only_missing=False))} products")
    return 0


def push_key(_: Settings, __: argparse.Namespace) -> int:
    from app.integrations import sealing  # noqa: PLC0415

    print(sealing.new_key())
    return 0


def demo(settings: Settings, _: argparse.Namespace) -> int:
    from app.demo import load  # noqa: PLC0415

    if settings.is_production:
        print("Demo log-ins have known passwords; they are not made in production.", file=sys.stderr)
        return 2
    asyncio.run(load.demo(settings))
    return 0


def import_products(settings: Settings, arguments: argparse.Namespace) -> int:
    import app.joins  # noqa: F401, PLC0415  (who may sell)
    from app.catalog.imports.command import Wishes, run, undo  # noqa: PLC0415

    if arguments.undo:
        return asyncio.run(undo(settings, arguments.shop, arguments.producer))
    if arguments.file is None:
        print("tavola import: which file?", file=sys.stderr)
        return 2
    wishes = Wishes(
        dry_run=arguments.dry_run,
        partial=arguments.partial,
        format=arguments.format,
        producer=arguments.producer,
        category=arguments.category,
        rate=arguments.vat,
    )
    return asyncio.run(run(settings, arguments.file, arguments.shop, wishes))


def export_products(settings: Settings, arguments: argparse.Namespace) -> int:
    from app.catalog.imports.command import write  # noqa: PLC0415

    return asyncio.run(write(settings, arguments.file, arguments.shop, arguments.producer))


def ledger_command(settings: Settings, _: argparse.Namespace) -> int:
    from app.commerce.payments.verify import run  # noqa: PLC0415

    return asyncio.run(run(settings))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
