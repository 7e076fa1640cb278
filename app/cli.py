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
    importing = add("import", import_products, "load products from a CSV file")
    importing.add_argument("file", type=Path)
    importing.add_argument("--shop", required=True, help="slug of the shop")
    importing.add_argument("--dry-run", action="store_true", help="check only, write nothing")
    importing.add_argument("--partial", action="store_true", help="write the good lines even if others are not")
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
    from app.system.migrations import upgrade  # noqa: PLC0415

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)
    return 0


def demo(settings: Settings, _: argparse.Namespace) -> int:
    from app.demo import load  # noqa: PLC0415

    if settings.is_production:
        print("Demo log-ins have known passwords; they are not made in production.", file=sys.stderr)
        return 2
    asyncio.run(load.demo(settings))
    return 0


def import_products(settings: Settings, arguments: argparse.Namespace) -> int:
    from app.catalog.importing import run  # noqa: PLC0415

    return asyncio.run(
        run(settings, arguments.file, arguments.shop, dry_run=arguments.dry_run, partial=arguments.partial)
    )


def ledger_command(settings: Settings, _: argparse.Namespace) -> int:
    from app.commerce.payments.verify import run  # noqa: PLC0415

    return asyncio.run(run(settings))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
