from datetime import timedelta

from tests.axe import violations
from tests.e2e.conftest import open_tab
from webapp.domain.permissions import Role


def test_shots(live, live_app, desk, browser, tmp_path):
    lang = "en"
    import os

    lang = os.environ.get("SHOT_LANG", "en")
    out = os.environ["SHOTS"]
    found = []
    for width in (1280, 390):
        ctx = browser.new_context(bypass_csp=True, viewport={"width": width, "height": 900}, locale="en-GB")
        page = open_tab(live, live_app[0], desk, ctx, Role.OWNER, language=lang, name="Odile")

        def shot(name):
            page.screenshot(path=f"{out}/{name}-{width}.png", full_page=True)
            for v in (w for w in violations(page) if w.rule != "region"):
                found.append((name, width, v))

        n = f"100{width}"
        p = desk.payment(3300, order_number=n)
        desk.run(desk.ask(p, 500))
        desk.ask(p, 300)
        page.goto(f"{live}/payments/{p}/refund")
        shot("refund-form")
        page.get_by_label("A part").check() if lang == "en" else page.locator("#how_much-1").check()
        page.locator("#amount").fill("10.5")
        shot("refund-part")
        page.locator("form.page-form button.primary").click()
        shot("refund-errors")
        page.locator("#amount").fill("1,200")
        page.locator("#reason").select_option(index=1)
        page.locator("#comment").fill("Box was wet\nand torn")
        page.locator("form.page-form button.primary").click()
        shot("refund-check")
        page.locator("form#check button.warning").click()
        shot("sent")
        k = desk.payment(5400, method="konbini", state="captured", order_number="k" + n)
        page.goto(f"{live}/payments/{k}/refund")
        page.locator("form.page-form button.primary").click()
        shot("konbini")
        desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
        u = desk.payment(3300, order_number="u" + n)
        uo = desk.ask(u, 1000)
        desk.run(uo)
        page.goto(f"{live}/operations/{uo}")
        shot("unknown")
        page.goto(f"{live}/payments/{u}/refund")
        shot("refund-closed")
        page.goto(f"{live}/unknown")
        shot("unknown-queue")
        desk.emulator.fault("wrong_amount", call="refund", times=1)
        r = desk.payment(3300, order_number="r" + n)
        ro = desk.ask(r, 1000)
        desk.run(ro)
        desk.make_due(ro)
        desk.run(ro)
        page.goto(f"{live}/review")
        shot("review-queue")
        page.goto(f"{live}/operations/{ro}")
        shot("review")
        d = desk.payment(3300, order_number="d" + n)
        do = desk.ask(d, 1000, comment="x")
        desk.run(do)
        page.goto(f"{live}/operations/{do}")
        shot("done")
        s = desk.payment(3300, order_number="s" + n)
        so = desk.ask(s, 1000, stop_window=timedelta(minutes=9))
        page.goto(f"{live}/operations/{so}")
        shot("planned")
        desk.emulator.fault("error_before", call="refund", status=404, times=1)
        f = desk.payment(3300, order_number="f" + n)
        fo = desk.ask(f, 1000)
        desk.run(fo)
        page.goto(f"{live}/operations/{fo}")
        shot("not-done")
        page.goto(f"{live}/payments/{f}/refund")
        shot("refund-failed-earlier")
        c = desk.payment(8000, capture="manual", order_number="c" + n)
        page.goto(f"{live}/payments/{c}/cancel")
        shot("cancel-form")
        page.locator("form.page-form button.primary").click()
        shot("cancel-check")
        page.goto(f"{live}/payments/{d}/cancel")
        shot("cancel-closed")
        page.goto(f"{live}/refunds")
        shot("refunds")
        page.goto(f"{live}/refunds?state=done&reason=returned")
        shot("refunds-filtered")
        ctx.close()
    for f in found:
        print(f)
    open("/tmp/shots/found.txt", "w").write("\n".join(map(str, found)))
