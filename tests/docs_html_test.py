#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""docs_html_test.py [SCREENSHOTS]: the pages that scripts/docs-html makes: their links, and in headless Chromium what a person sees of them.

Needs the packages of scripts/packages browser.
"""
import html.parser
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent / "support"))
from browser import browser, prefer, weakest_contrast  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
SCREENSHOTS = sys.argv[1] if len(sys.argv) > 1 else None


class Parsed(html.parser.HTMLParser):
    """What a page names (ids), and what it leads to or shows (targets)."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.targets = [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.targets += [attributes[name] for name in ("href", "src") if name in attributes]


class Documentation(unittest.TestCase):
    """One set of pages, and one browser, for all."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="pidcap-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.site = Path(folder.name) / "site"
        subprocess.run([ROOT / "scripts/docs-html", cls.site], check=True, stdout=subprocess.DEVNULL)
        cls.pages = {path.resolve(): Parsed(path) for path in cls.site.rglob("*.html")}
        cls.driver = browser(folder.name + "/profile")
        cls.addClassCleanup(cls.driver.quit)

    def open(self, name):
        self.driver.get((self.site / name).as_uri())

    def tearDown(self):
        self.assertEqual(self.driver.get_log("browser"), [], "the console is quiet")

    def test_every_page_of_the_documentation_is_there(self):
        missing = [path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")
                   if path.name != "README.md" and not (self.site / path.relative_to(ROOT).with_suffix(".html")).exists()]
        self.assertEqual(missing, [])

    def test_links_lead_to_what_there_is(self):
        checked, broken = 0, []
        for path, page in self.pages.items():
            for target in page.targets:
                address = urlsplit(urljoin(path.as_uri(), target))
                if address.scheme != "file":
                    continue
                file = Path(unquote(address.path)).resolve()
                checked += 1
                inside = file.is_relative_to(self.site.resolve()) and file.is_file()
                if not inside or (address.fragment and unquote(address.fragment) not in self.pages[file].ids):
                    broken.append(f"{path.relative_to(self.site.resolve())}: {target}")
        self.assertGreater(checked, 500)
        self.assertEqual(broken, [])

    def test_names_in_a_page_are_unique(self):
        twice = [(path.name, name) for path, page in self.pages.items() for name in set(page.ids) if page.ids.count(name) > 1]
        self.assertEqual(twice, [])

    def test_the_navigation_leads_through_all_of_its_pages(self):
        self.open("index.html")
        links = len(self.driver.find_elements(By.CSS_SELECTOR, "nav a"))
        self.assertGreater(links, 15)
        for number in range(links):
            link = self.driver.find_elements(By.CSS_SELECTOR, "nav a")[number]
            title = link.text
            link.click()
            WebDriverWait(self.driver, 20).until(lambda driver: driver.title == title)
            self.assertEqual(self.driver.find_element(By.TAG_NAME, "h1").text, title)
            self.assertEqual([one.text for one in self.driver.find_elements(By.CSS_SELECTOR, "nav a[aria-current=page]")], [title])
            self.assertEqual(self.driver.execute_script(
                "return [...document.images].filter((one) => !one.complete || !one.naturalWidth).map((one) => one.src)"), [])
        self.driver.find_element(By.CLASS_NAME, "home").click()
        WebDriverWait(self.driver, 20).until(lambda driver: driver.title == "pidcap")

    def found(self, text):
        """What the search of the page that is open shows for a text."""
        field = self.driver.find_element(By.CSS_SELECTOR, "#search input")
        field.send_keys(Keys.ESCAPE, text)
        return [tuple(one.text.split("\n")) for one in self.driver.find_elements(By.CSS_SELECTOR, "#search li")]

    def test_the_search_finds_headings_and_terms_and_leads_to_them(self):
        self.open("docs/tutorials/tls.html")
        self.assertEqual(self.found("what pidcap lacks"), [("What pidcap lacks", "Beside other tools")])
        self.assertEqual(self.found("no such words"), [("Nothing found",)])
        self.assertEqual(self.found(""), [])
        self.assertIn(("--keep-free SIZE", "Options"), self.found("keep-free"))
        self.assertIn(("Drops", "Events"), self.found("events drops"), "a word may be in the page's title")
        self.found("what pidcap lacks")
        self.driver.find_element(By.CSS_SELECTOR, "#search input").send_keys(Keys.ENTER)
        WebDriverWait(self.driver, 20).until(lambda driver: driver.title == "Beside other tools")
        self.assertEqual(self.driver.execute_script("return location.hash"), "#what-pidcap-lacks")

    def test_what_the_search_leads_to_is_there(self):
        self.open("index.html")
        entries = self.driver.execute_script("return searchEntries.map((one) => one.address)")
        self.assertGreater(len(entries), 300)
        names = {f"{path.relative_to(self.site.resolve())}#{name}" for path, page in self.pages.items() for name in page.ids}
        self.assertEqual([one for one in entries if one not in names], [])

    def test_the_icon_is_a_picture(self):
        self.open("docs/top.html")
        self.driver.get(self.driver.find_element(By.CSS_SELECTOR, "link[rel=icon]").get_attribute("href"))
        self.assertEqual(self.driver.execute_script("return document.documentElement.getBBox().width"), 32)

    def test_text_has_contrast_in_light_and_dark(self):
        for name in ("index.html", "docs/tls.html"):
            backs = []
            for scheme in ("light", "dark"):
                prefer(self.driver, scheme)
                self.open(name)
                self.assertGreaterEqual(weakest_contrast(self.driver)[0], 4.5, (name, scheme))  # WCAG 2.1, 1.4.3
                backs.append(self.driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
                if SCREENSHOTS:
                    self.driver.save_screenshot(os.path.join(SCREENSHOTS, f"{Path(name).stem}-{scheme}.png"))
            self.assertNotEqual(*backs)

    def test_a_phone_needs_no_sideways_scrolling(self):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 360, "height": 780, "deviceScaleFactor": 1, "mobile": True})
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.clearDeviceMetricsOverride", {})
        wide = []
        for path in self.pages:
            self.driver.get(path.as_uri())
            if self.driver.execute_script("return document.documentElement.scrollWidth") > 360:
                wide.append(path.name)
        self.assertEqual(wide, [])
        self.open("docs/top.html")
        self.driver.find_element(By.LINK_TEXT, "All pages").click()
        self.assertTrue(self.driver.execute_script(
            "const place = document.querySelector('nav').getBoundingClientRect(); return place.top < innerHeight && place.bottom > 0"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
