import sys
sys.path.insert(0, "/tmp")
from datetime import timedelta
from test_shots import shoot
from app.kernel import clock
from tests.commerce.sold import sell, mails
from tests.commerce.test_staff import dead_job
from tests.commerce.props import place

async def test_shots(shop, anna, bruno, carlo, dora, stripe):
    await carlo.get("/banco")
    async with shop.browser() as empty, shop.browser() as ada:
        await empty.sign_in("enzo@cantina.example")
        await ada.sign_in("ada@tavola.example")
        a = await sell(shop, {"olio": 2, "aceto": 1, "squacquerone": 3})
        b = await sell(shop, {"olio": 1}, name="Giovanni Battista Della Corte", city="Reggio nell’Emilia", note="", paid_at=clock.now() - timedelta(days=3))
        c = await sell(shop, {"olio": 6, "aceto": 2}, name="Marie Dupont", pickup=True)
        d = await sell(shop, {"aceto": 1}, name="Hans Müller")
        e = await sell(shop, {"olio": 1}, name="Lucia Bianchi")
        for s in (c, d, e):
            await bruno.post(s.desk("frantoio", "/conferma"))
        for s in (d, e):
            await bruno.post(s.desk("frantoio", "/preparazione"))
        f = await sell(shop, {"olio": 2, "squacquerone": 1, "sangiovese": 2})
        for x in ("/conferma", "/preparazione", "/spedizione"):
            await bruno.post(f.desk("frantoio", x), {"carrier": "gls", "tracking_number": "M1123456789"})
        await carlo.post(f.desk("caseificio", "/conferma"))
        await shop.run_jobs()
        box = await anna.get("/posta")
        path = next(x.attributes["href"] for x in box.all(".mails a") if "Il tuo ordine" in x.text())
        p = await place(stripe, shop, olio=1, squacquerone=2)
        await stripe.pay(await p.session_id()); await stripe.deliver(); await shop.run_jobs()
        await dead_job(shop)
        await bruno.post(d.desk("frantoio", "/spedizione"), {"carrier": "ups", "tracking_number": "12"})
        jobs = [
            ("thanks", a.link, anna), ("moving", f.link, anna), ("guest", "/ordini", anna),
            ("desk", "/banco", bruno), ("desk-empty", "/banco", empty), ("packing", "/banco/lista", bruno),
            ("history", "/banco/ordini", bruno), ("history-empty", "/banco/ordini", empty),
            ("order-pending", a.desk("frantoio"), bruno), ("order-ship", d.desk("frantoio"), bruno), ("slip", a.desk("caseificio", "/bolla"), carlo),
            ("staff", "/amministrazione", dora), ("staff-group", f"/amministrazione/ordini/{p.number}", dora), ("staff-jobs", "/amministrazione/lavori", ada),
            ("staff-mails", "/amministrazione/posta", dora), ("staff-audit", "/amministrazione/registro", dora),
            ("mailbox", "/posta", anna), ("mail", path, anna), ("mail-body", path + "/corpo", anna),
        ]
        await shoot(shop, jobs)
        print([len(m.html.encode()) for m in await mails(shop, "order.confirmation")])
