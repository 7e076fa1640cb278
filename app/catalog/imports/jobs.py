"""Background work of imports."""

from app.catalog.imports import batches, checking, pictures, running, undoing
from app.catalog.imports.writing import COMMAND
from app.integrations.strangers import Fetcher
from app.kernel.db import transaction
from app.kernel.tenancy import Person
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule


async def check_import(work: Work, batch_id: int) -> None:
    """Look into a file that came in."""
    await checking.check(work.database, work.own_shop, batch_id)


async def run_import(work: Work, batch_id: int) -> None:
    """Write some of a file that was confirmed."""
    await running.run(work.database, work.own_shop, batch_id)


async def undo_import(work: Work, batch_id: int, actor_id: int, role: str) -> None:
    """Take some of an import back."""
    person = Person(id=actor_id, name="", email="", role=role, locale=COMMAND.locale, session_id=0)
    await undoing.run(work.database, work.own_shop, batch_id, person)


async def fetch_pictures(work: Work, batch_id: int) -> None:
    """Fetch some of the pictures that an import named."""
    fetcher = work.tools.get("strangers") or Fetcher()
    await pictures.run(work.database, work.own_shop, batch_id, work.tools["storage"], fetcher)


async def tidy_imports(work: Work) -> None:
    """Give up what nobody has confirmed, and forget files that nothing needs."""
    async with work.session() as db, transaction(db):
        await batches.tidy(db)


JOBS: dict[str, JobFunction] = {
    "catalog.check_import": check_import,
    "catalog.run_import": run_import,
    "catalog.undo_import": undo_import,
    "catalog.fetch_import_pictures": fetch_pictures,
    "catalog.tidy_imports": tidy_imports,
}
SCHEDULES: list[Schedule] = [Schedule("catalog.tidy_imports", at=(3, 10))]
