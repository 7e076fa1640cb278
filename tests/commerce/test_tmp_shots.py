import httpx, pytest
from playwright.async_api import async_playwright
from tests.commerce.conftest import *
from tests.conftest import *
from tests.commerce.props import place
from tests.commerce.test_payments import settle
ARGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split()

async def test_shots(stripe, shop):
    o = await place(stripe, shop, olio=2, squacquerone=1)
    await o.open()
    w = await place(stripe, shop, olio=1); sid = await w.session_id(); await stripe.pay(sid, iban="AT611904300234573201"); await settle(w)
    e = await place(stripe, shop, olio=1); await stripe.control(f"sessions/{await e.session_id()}/expire"); await settle(e)
    r = await place(stripe, shop, formaggio=2); 
    from app.kernel.db import transaction
    from app.commerce.payments import settling
    sid = await r.session_id()
    async with shop.database.session(shop.id) as db, transaction(db):
        await settling.cancel(db, await settling.queries.locked_group(db, r.id), "expired", settling.STRIPE)
    await stripe.pay(sid)
    x = await place(stripe, shop, formaggio=1)
    await settle(r)
    q = await place(stripe, shop, olio=1); await q.session_id()
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=shop.app))
    async def handle(route):
        rq = route.request
        a = await client.request(rq.method, rq.url, headers=await rq.all_headers(), content=rq.post_data_buffer)
        h = {k: v for k, v in a.headers.items() if k not in ("content-encoding", "content-length")}
        await route.fulfill(status=a.status_code, headers=h, body=a.content)
    async with async_playwright() as p:
        b = await p.chromium.launch(executable_path="/usr/bin/chromium", args=ARGS)
        for width in (360, 1280):
            for scheme in ("light", "dark"):
                ctx = await b.new_context(viewport={"width": width, "height": 800}, locale="it-IT", color_scheme=scheme)
                page = await ctx.new_page()
                await page.route("**/*", handle)
                msgs = []
                page.on("console", lambda m: msgs.append(m.text)); 
                async def shot(name, url):
                    await page.goto(f"http://{shop.host}{url}"); await page.screenshot(path=f"/tmp/payshots/{name}-{width}-{scheme}.png", full_page=False)
                await shot("retry", f"/cassa/annullato/{o.number}?chiave={o.key}")
                if scheme == "light":
                    await shot("processing", f"/cassa/esito/{w.number}?chiave={w.key}")
                    await shot("ended", f"/cassa/annullato/{e.number}?chiave={e.key}")
                    await shot("returned", f"/cassa/annullato/{r.number}?chiave={r.key}")
                    await stripe.break_down("cut", "/v1/checkout/sessions/*", count=3)
                    await shot("waiting", f"/cassa/esito/{q.number}?chiave={q.key}")
                    if width == 360:
                        await stripe.repair()
                        await stripe.pay((await q.session_id()))
                        await page.wait_for_url("**/ordini/**", timeout=15000)
                        print("POLL OK", page.url)
                        q2 = q
                    q = await place(stripe, shop, olio=1); await q.session_id()
                print(width, scheme, msgs)
                await ctx.close()
        await b.close()
