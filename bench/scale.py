"""How pages grow with the catalogue: 1,000 to 1,000,000 products of 1,000 producers in three shops.

python bench/scale.py [most]. Beside each figure stands its growth since the size before. On SQLite up to 100,000
(SCALE_SQLITE=1). The goods are made by the database itself, from a vocabulary; what lists and searches read is made with
them, as catalog/index.py would. Every address is new, so that pages are made and not kept.
"""

import asyncio
import itertools
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from statistics import median, quantiles
from urllib.parse import quote_plus

import asyncpg

from app.catalog import lexicon
from bench.client import Answer, Connection, Visitor
from bench.serve import Running, Stage, serve

SIZES = (1_000, 10_000, 100_000, 1_000_000)
MOST_SQLITE = 100_000
ASKED = 60
KINDS = [
    "formaggio",
    "salame",
    "olio",
    "miele",
    "pane",
    "vino",
    "aceto",
    "farina",
    "riso",
    "pasta",
    "confettura",
    "biscotti",
    "succo",
    "birra",
    "prosciutto",
]
QUALITIES = [
    "fresco",
    "stagionato",
    "dolce",
    "piccante",
    "antico",
    "rustico",
    "delicato",
    "biologico",
    "tradizionale",
    "selvatico",
]
PLACES = [f"borgo{number}" for number in range(200)]
RARE = [f"varietà{number}" for number in range(2000)]


def main() -> int:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1]
    sqlite = os.environ.get("SCALE_SQLITE") == "1"
    before: dict[str, float] = {}
    for size in [size for size in SIZES if size <= (min(most, MOST_SQLITE) if sqlite else most)]:
        stage = Stage(f"tavola_scale_{size}", f"scale-{'sqlite-' if sqlite else ''}{size}", on_postgres=not sqlite)
        began = time.monotonic()
        fill = _fill_sqlite(stage, size) if sqlite else _fill_postgres(stage, size)
        with serve(stage, fill) as server:
            print(f"\n{size:,} products on {server.database}, ready after {time.monotonic() - began:.0f} s")
            print(f"{'':32}{'p50 ms':>9}{'p95 ms':>9}{'growth':>8}{'CPU ms':>9}{'of it DB':>10}", flush=True)
            for name, make in _pages(server).items():
                p50, p95, cpu, of_database = _measure(server, make)
                growth = f"x{p95 / before[name]:.1f}" if name in before else ""
                print(f"{name:32}{p50:9.1f}{p95:9.1f}{growth:>8}{cpu:9.1f}{of_database:10.1f}", flush=True)
                before[name] = p95
    return 0


def _pages(server: Running) -> dict[str, Callable[[int], bytes]]:
    turn = itertools.count()

    def get(path: str) -> Callable[[int], bytes]:
        joint = "&" if "?" in path else "?"
        return lambda n: Visitor(server).get(path.format(n=n, kind=KINDS[n % 15]) + f"{joint}giro={next(turn)}")

    return {
        "listing": get("/prodotti"),
        "listing, by price": get("/prodotti?ordine=prezzo"),
        "listing, three facets": get("/prodotti?provincia=RA&provincia=FC&disponibili=1&prezzo-a={n}"),
        "deep page (400)": get("/prodotti?pagina=40"),
        "search, common word": get("/cerca?q={kind}"),
        "search, two words": get("/cerca?q={kind}+dolce"),
        "search, rare word": get("/cerca?q=" + quote_plus("varietà") + "{n}"),
        "search with a slip": get("/cerca?q=fformaggio"),
        "suggestions": get("/cerca/suggerimenti?q=form"),
        "product": get("/prodotti/scala-{n}0"),
        "home": get("/"),
    }


def _measure(server: Running, make: Callable[[int], bytes]) -> tuple[float, float, float, float]:
    line = Connection(server)
    for n in range(10, 14):
        _good(line.ask(make(n)))
    times, before = [], server.cpu_seconds()
    for n in range(20, 20 + ASKED):
        sent = time.perf_counter()
        _good(line.ask(make(n)))
        times.append((time.perf_counter() - sent) * 1000)
    after = server.cpu_seconds()
    line.close()
    own, database = ((after[i] - before[i]) * 1000 / ASKED for i in (0, 1))
    return median(times), quantiles(times, n=20)[18], own + database, database


def _good(answer: Answer) -> None:
    if answer.status != 200:
        raise ValueError(f"answered {answer.status}")


# ---- The goods. `i` counts the products; a word of a name is chosen by arithmetic, so that every run is the same.


def _statements() -> list[str]:
    """In SQL that both databases understand, from the table `goods` (i, shop, category)."""
    kinds = " ".join(f"when {n} then '{kind}'" for n, kind in enumerate(KINDS))
    kind = f"case i % 15 {kinds} end"
    quality = f"case (i / 15) % 10 {' '.join(f'when {n} then {q!r}' for n, q in enumerate(QUALITIES))} end"
    name = f"({kind}) || ' ' || ({quality}) || ' varieta' || (i % 2000) || ' ' || i"
    food = '\'{"allergens": [], "ship_temp": "ambiente", "withdrawal": ""}\''
    date = "'2026-01-01 00:00:00+00:00'"
    found = [
        f"insert into stock_items (id, shop_id, on_hand, reserved, low_at) select {OFFSET} + i, shop, i % 40, 0, 3 from goods",
        f"""insert into products (id, shop_id, slug, producer_id, category_id, name, sort_name, description, food, season_mask,
            search_text, is_featured, version, published_at, created_at, updated_at {{more}})
            select {OFFSET} + i, shop, 'scala-' || i, {OFFSET} + i % 1000, category, '{{{{"it": "' || {name} || '"}}}}', {name},
            '{{{{"it": "Buono."}}}}', {food}, 4095, '', false, 1, {date}, {date}, {date} {{values}} from goods""",
        f"""insert into variants (id, shop_id, product_id, stock_item_id, sku, position, format, net_amount, net_unit,
            weight_g, price_minor, vat_rate {{more_variants}}) select {OFFSET} + i, shop, {OFFSET} + i, {OFFSET} + i, 'S' || i, 0,
            '{{{{"it": "confezione"}}}}', 500, 'g', 500, 100 + i * 7 % 4000, '10' {{values_variants}} from goods""",
        f"""insert into indexed_products (shop_id, product_id, category_id, producer_id, province, mark, certification_mask,
            allergen_mask, travels, season_mask, season_rank, featured_rank, price_minor, unit_price_minor, is_available,
            rating, sort_name, published_at, words_hash)
            select shop, {OFFSET} + i, category, {OFFSET} + i % 1000,
            case i % 9 when 0 then 'RA' when 1 then 'FC' when 2 then 'RN' when 3 then 'BO' when 4 then 'MO' when 5 then 'RE'
            when 6 then 'PR' when 7 then 'PC' else 'FE' end, case i % 20 when 0 then 'DOP' when 1 then 'IGP' else '' end,
            i % 7 % 4, case i % 12 when 0 then 1 when 1 then 64 when 2 then 65 when 3 then 128 when 4 then 2048 else 0 end, 0, 4095, 1, 1, 100 + i * 7 % 4000, 200 + i * 14 % 8000, i % 40 > 0,
            0, {name}, {date}, '' from goods""",
    ]
    for sql, weight in ((kind, 32), (quality, 32), ("'varieta' || (i % 2000)", 32), ("'borgo' || (i % 200)", 8)):
        found.append(
            f"insert into search_postings (shop_id, stem, product_id, weight) select shop, stem, {OFFSET} + i, {weight} "
            f"from goods join scale_stems on scale_stems.word = {sql}"
        )
    return found


OFFSET = 1_000_000


def _vocabulary() -> list[str]:
    return [*KINDS, *QUALITIES, *PLACES, *(f"varieta{number}" for number in range(2000))]


def _fill_postgres(stage: Stage, size: int) -> Callable[[bool], None]:
    return lambda _on_postgres: asyncio.run(_into_postgres(stage, size))


async def _into_postgres(stage: Stage, size: int) -> None:
    db = await asyncpg.connect(stage.url)
    try:
        if await db.fetchval(f"select 1 from products where id = {OFFSET} + {size}"):
            return
        async with db.transaction():
            flagship = await db.fetchval("select id from shops where slug = 'tavola'")
            await db.execute("set session_replication_role = replica")  # no foreign keys while filling
            await db.execute("drop cast if exists (text as json)")
            await db.execute("create cast (text as json) with inout as assignment")  # as SQLite does
            for number in (1, 2):
                await db.execute(
                    "insert into shops select * from json_populate_record(null::shops, (select (to_jsonb(s) || "
                    f"jsonb_build_object('id', {OFFSET} + {number}, 'slug', 'scala{number}', 'is_default', false))::json "
                    "from shops s where slug = 'tavola'))"
                )
            await db.execute(
                "insert into producers select (json_populate_record(null::producers, (to_jsonb(p) || jsonb_build_object("
                f"'id', {OFFSET} + n, 'slug', 'produttore-' || n, 'name', 'Produttore ' || n))::json)).* from "
                f"(select * from producers where shop_id = {flagship} order by id limit 1) p, generate_series(0, 999) n"
            )
            await db.execute("create temporary table scale_stems (word text, stem text)")
            pairs = [(word, stem) for word in _vocabulary() for stem in lexicon.stems(word)]
            await db.copy_records_to_table("scale_stems", records=pairs, columns=["word", "stem"])
            await db.execute(
                "create temporary view goods as select i, case when i % 10 < 8 then "
                f"{flagship} else {OFFSET} + 1 + i % 2 end as shop, c.ids[1 + i % array_length(c.ids, 1)] as category "
                f"from generate_series(1, {size}) i, (select array_agg(id order by id) ids from categories "
                f"where shop_id = {flagship}) c"
            )
            more = await _required(db, "products")
            variants = await _required(db, "variants")
            for statement in _statements():
                await db.execute(
                    statement.replace("{more}", more[0]).replace("{values}", more[1])
                    .replace("{more_variants}", variants[0]).replace("{values_variants}", variants[1])
                    .replace("{{", "{").replace("}}", "}").replace("'2026-01-01 00:00:00+00:00'", "timestamptz '2026-01-01'")
                )  # fmt: skip
            words = [(flagship, word, size // 100) for word in _vocabulary()]
            await db.executemany("insert into search_words values ($1, $2, $3) on conflict do nothing", words)
            spelt = [(flagship, spelling, word) for word in _vocabulary() for spelling in lexicon.spellings(word)]
            await db.executemany(
                "insert into search_spellings (shop_id, spelling, word) values ($1, $2, $3) on conflict do nothing",
                spelt,
            )
        await db.execute("vacuum analyze")
    finally:
        await db.close()


_FILLED = {
    "safety": "'{}'", "packaging": "'[]'", "certifications": "'[]'", "seo": "'{}'", "is_complete": "true",
    "product_class": "'other'", "rating_count": "0", "rating_sum": "0", "tags": "'[]'",
}  # fmt: skip


async def _required(db: asyncpg.Connection, table: str) -> tuple[str, str]:
    """Columns of a table that are filled in beside those named above, with a value."""
    rows = await db.fetch(
        "select column_name from information_schema.columns where table_name = $1 and is_nullable = 'NO'", table,
    )  # fmt: skip
    names = [row[0] for row in rows if row[0] in _FILLED]
    return "".join(f", {n}" for n in names), "".join(f", {_FILLED[n]}" for n in names)


def _fill_sqlite(stage: Stage, size: int) -> Callable[[bool], None]:
    return lambda _on_postgres: _into_sqlite(stage, size)


def _into_sqlite(stage: Stage, size: int) -> None:
    db = sqlite3.connect(stage.data_dir / "tavola.sqlite3", isolation_level=None)
    try:
        if db.execute(f"select 1 from products where id = {OFFSET + size}").fetchone():
            return
        db.execute("pragma foreign_keys = off")
        db.execute("begin immediate")
        flagship = db.execute("select id from shops where slug = 'tavola'").fetchone()[0]
        columns = [row[1] for row in db.execute("pragma table_info(producers)") if row[1] not in {"id", "slug", "name"}]
        listed = ", ".join(columns)
        db.execute(
            f"with recursive n(n) as (select 0 union all select n + 1 from n where n < 999) insert into producers "
            f"(id, slug, name, {listed}) select {OFFSET} + n.n, 'produttore-' || n.n, 'Produttore ' || n.n, "
            f"{', '.join('p.' + c for c in columns)} from n, (select * from producers where shop_id = {flagship} limit 1) p"
        )
        db.execute("create temporary table scale_stems (word text, stem text)")
        db.executemany(
            "insert into scale_stems values (?, ?)",
            [(word, stem) for word in _vocabulary() for stem in lexicon.stems(word)],
        )
        categories = [row[0] for row in db.execute(f"select id from categories where shop_id = {flagship} order by id")]
        db.execute("create temporary table goods (i integer primary key, shop integer, category integer)")
        db.executemany(
            "insert into goods values (?, ?, ?)",
            ((i, flagship, categories[i % len(categories)]) for i in range(1, size + 1)),
        )
        for statement in _statements():
            table = "products" if "into products" in statement else "variants"
            info = db.execute(f"pragma table_info({table})").fetchall()
            names = [c[1] for c in info if c[1] in _FILLED]
            more, values = "".join(f", {n}" for n in names), "".join(f", {_FILLED[n]}" for n in names)
            ready = statement.replace("{more}", more).replace("{values}", values).replace("{more_variants}", more)
            ready = ready.replace("{values_variants}", values).replace("{{", "{").replace("}}", "}")
            db.execute(ready.replace("00:00:00+00:00'", "00:00:00.000000'"))
        db.executemany(
            "insert or ignore into search_words (shop_id, word, uses) values (?, ?, ?)",
            [(flagship, word, size // 100) for word in _vocabulary()],
        )
        db.executemany(
            "insert or ignore into search_spellings (shop_id, spelling, word) values (?, ?, ?)",
            [(flagship, spelling, word) for word in _vocabulary() for spelling in lexicon.spellings(word)],
        )
        db.execute("commit")
        db.execute("analyze")
    finally:
        db.close()


if __name__ == "__main__":
    sys.exit(main())
