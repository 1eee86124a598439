"""The report, opened in a real browser: on a desktop, on a phone and in print, light and dark.

    python benchmarks/page.py reports/index.html /usr/bin/chromium [--out FOLDER]

Prints what it checked, and what it found: console errors, requests (only the file itself and `data:` are allowed),
anything wider than the screen or scrolling sideways, text that does not fit its cell, small or faint text, images that
lack words or do not load.  With --out also screenshots and a PDF, to look at.  Exit status 1 if anything was found.
"""

from __future__ import annotations

import argparse
import base64
from pathlib import Path

from browser import Tab, browser

SCREENS = {"desktop": (1280, 900), "phone": (390, 844)}
#: Smallest text, CSS pixels of 1/96 inch; on paper 6.5 pt.
SMALLEST = {"screen": 11, "print": 8.7}
#: WCAG 2.2, success criterion 1.4.3: contrast of text to what is behind it.
CONTRAST = 4.5

FOUND = """(() => {
  const found = [], wide = document.documentElement.clientWidth;
  const name = e => [e.tagName.toLowerCase(), ...e.classList].join('.')
    + ' "' + e.textContent.trim().replace(/\\s+/g, ' ').slice(0, 40) + '"';
  const rgb = text => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const over = (top, below) => { const a = top[3] ?? 1; return [0, 1, 2].map(i => top[i] * a + below[i] * (1 - a)); };
  const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => e ? over(rgb(getComputedStyle(e).backgroundColor), behind(e.parentElement)) : [255, 255, 255];
  if (document.documentElement.scrollWidth > wide) found.push('the page scrolls sideways');
  for (const e of document.body.querySelectorAll('*')) {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (!box.width || !box.height) continue;
    if (box.right > wide + .5 || box.left < -.5) found.push('wider than the screen: ' + name(e));
    const spills = e.scrollWidth > e.clientWidth + 1;
    if (spills && /auto|scroll/.test(style.overflowX)) found.push('scrolls sideways: ' + name(e));
    if (spills && /^T[DH]$/.test(e.tagName)) found.push('does not fit its cell: ' + name(e));
    if (e.tagName === 'IMG' && !e.alt) found.push('no words for an image');
    if (e.tagName === 'IMG' && !(e.complete && e.naturalWidth)) found.push('image does not load: ' + e.alt);
    const text = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!text) continue;
    if (parseFloat(style.fontSize) < SMALLEST) found.push('small, ' + style.fontSize + ': ' + name(e));
    const back = behind(e), [a, b] = [light(over(rgb(style.color), back)), light(back)];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < CONTRAST) found.push('faint, ' + ratio.toFixed(1) + ' : 1: ' + name(e));
  }
  return found;
})()""".replace("CONTRAST", str(CONTRAST))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("chromium")
    parser.add_argument("--out", type=Path, help="a folder for screenshots and a PDF")
    args = parser.parse_args()
    url, troubles = args.page.resolve().as_uri(), 0
    with browser(args.chromium) as tab:
        for screen, (width, height) in SCREENS.items():
            for scheme in ("light", "dark"):
                look(tab, url, width, height, scheme, "screen")
                troubles += report(f"{screen}, {width} px, {scheme}", tab, url, "screen")
                if args.out:
                    picture(tab, args.out / f"{screen}-{scheme}.png", width)
        look(tab, url, 718, 1000, "dark", "print")  # A4 less its margins; dark must not come out on paper
        troubles += report("print, A4", tab, url, "print")
        pdf = base64.b64decode(
            tab.send("Page.printToPDF", printBackground=True, paperWidth=8.27, paperHeight=11.69)["data"]
        )
        print(f"print, A4: {pdf.count(b'/Type /Page') - pdf.count(b'/Type /Pages')} pages")
        if args.out:
            (args.out / "print.pdf").write_bytes(pdf)
    raise SystemExit(1 if troubles else 0)


def look(tab: Tab, url: str, width: int, height: int, scheme: str, media: str) -> None:
    """Open the page as it looks on this screen, with all that is folded open."""
    tab.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
    tab.send("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])
    tab.open(url)
    tab.run("document.querySelectorAll('details').forEach(part => part.open = true)")


def report(what: str, tab: Tab, url: str, media: str) -> int:
    """Print what is wrong, or how much was looked at; return how many things are wrong."""
    found = [*said(tab), *fetched(tab, url), *tab.run(FOUND.replace("SMALLEST", str(SMALLEST[media])))]
    looked = tab.run("[document.body.querySelectorAll('*').length, document.images.length]")
    print(f"{what}: {looked[0]} elements, {looked[1]} images, {len(found)} found")
    for trouble in list(dict.fromkeys(found))[:20]:
        print(f"  {trouble}")
    return len(found)


def said(tab: Tab) -> list[str]:
    """Return what the console holds."""
    found = []
    for event in tab.events:
        params = event.get("params", {})
        if event.get("method") == "Log.entryAdded":
            found.append(f"console: {params['entry']['text']}")
        elif event.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            found.append(f"console: {params}")
    return found


def fetched(tab: Tab, url: str) -> list[str]:
    """Return the requests that the page made, but for itself and what it carries."""
    sent = [
        event["params"]["request"]["url"] for event in tab.events if event.get("method") == "Network.requestWillBeSent"
    ]
    return [f"request: {address}" for address in sent if address != url and not address.startswith("data:")]


def picture(tab: Tab, path: Path, width: int) -> None:
    """Write the whole page as PNG, in pieces that a viewer can show."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tall, piece = tab.run("document.documentElement.scrollHeight"), 1600 if width > 600 else 2000
    for number, top in enumerate(range(0, tall, piece)):
        clip = {"x": 0, "y": top, "width": width, "height": min(piece, tall - top), "scale": 1}
        shot = tab.send("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.with_stem(f"{path.stem}-{number:02}").write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    main()
