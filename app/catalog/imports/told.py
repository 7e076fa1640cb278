"""What an import did, or would do, in words."""

from app.catalog.imports.report import Report
from app.catalog.imports.rows import RowError
from app.kernel.i18n import gettext as _
from app.kernel.i18n import ngettext

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
}


def place(error: RowError) -> str:
    """Where a mistake is, and what stands there."""
    line = _("riga %(line)s", line=error.line)
    cell = f" «{error.cell}»" if error.cell else ""
    return f"{line}, {error.column}{cell}" if error.column else line


def guess(format_name: str, encoding: str, delimiter: str) -> str:
    """How we read the file."""
    words = {",": _("virgole"), ";": _("punti e virgola"), "\t": _("tabulazioni")}
    return _(
        "Lo abbiamo letto come %(format)s, lettere %(encoding)s, celle separate da %(delimiter)s.",
        format=format_name,
        encoding=ENCODINGS.get(encoding, encoding),
        delimiter=words.get(delimiter, delimiter),
    )


def summary(report: Report) -> str:
    return _(
        "%(created)s nuovi, %(changed)s cambiati, %(same)s già uguali, %(refused)s rifiutati.",
        created=report.created,
        changed=report.changed,
        same=report.same,
        refused=report.wrong,
    )


def asides(report: Report, *, is_trial: bool = True) -> list[str]:
    """What else is worth knowing, one sentence each. Of an import that was written, how many pictures came is told
    apart, as they come.
    """
    said = []
    if report.kept_stock:
        said.append(
            ngettext(
                "%(num)s giacenza è diversa dal file: resta quella contata a magazzino.",
                "%(num)s giacenze sono diverse dal file: restano quelle contate a magazzino.",
                report.kept_stock,
            )
        )
    if report.unpublished:
        said.append(_("%(num)s non ancora in vendita: manca qualcosa nella scheda.", num=report.unpublished))
    if report.restored:
        said.append(
            ngettext("%(num)s prodotto torna dal cestino.", "%(num)s prodotti tornano dal cestino.", report.restored)
        )  # fmt: skip
    if report.pictures and is_trial:
        said.append(
            ngettext("%(num)s immagine da prendere.", "%(num)s immagini da prendere.", report.pictures)
        )  # fmt: skip
    if report.unknown_pictures:
        said.append(
            ngettext(
                "%(num)s immagine non l’abbiamo trovata: né fra quelle del negozio né nello ZIP.",
                "%(num)s immagini non le abbiamo trovate: né fra quelle del negozio né nello ZIP.",
                report.unknown_pictures,
            )
        )
    if report.pieces:
        said.append(
            ngettext(
                "%(num)s riga non dice la quantità netta: la contiamo come 1 pezzo, poi correggila nella scheda.",
                "%(num)s righe non dicono la quantità netta: le contiamo come 1 pezzo, poi correggile nelle schede.",
                report.pieces,
            )
        )
    if report.unfeatured:
        said.append(
            ngettext(
                "%(num)s riga parla di prodotti in evidenza: quelli li sceglie il negozio, e restano come sono.",
                "%(num)s righe parlano di prodotti in evidenza: quelli li sceglie il negozio, e restano come sono.",
                report.unfeatured,
            )
        )
    if report.unused:
        said.append(_("Queste colonne non le usiamo: %(names)s.", names=", ".join(report.unused)))
    return said


def nothing() -> str:
    return _("Non c’è niente da cambiare: il negozio è già come il file.")
