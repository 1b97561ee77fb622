#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""report_page_test.py MADE_UP_PAGE [SCREENSHOTS]: a report's page in headless Chromium, as a person uses it.

MADE_UP_PAGE is the program that writes the page, with hostile names. Needs the packages of scripts/packages browser.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from browser import browser, prefer, weakest_contrast  # noqa: E402

HOSTILE = "<script>alert(1)</script>"


class Page(unittest.TestCase):
    """One browser for all; each test loads the page anew."""

    flows = 400

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="pidcap-test-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.url = cls.write_page(cls.flows)
        cls.driver = browser(cls.folder.name + "/profile")
        cls.addClassCleanup(cls.driver.quit)

    @classmethod
    def write_page(cls, flows):
        path = pathlib.Path(cls.folder.name) / f"page-{flows}.html"
        path.write_bytes(subprocess.run([MADE_UP_PAGE, str(flows)], check=True, stdout=subprocess.PIPE).stdout)
        return path.as_uri()

    def setUp(self):
        prefer(self.driver, "light")
        self.driver.set_window_size(1280, 1000)
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(self.url)

    def tearDown(self):
        self.assertEqual(self.driver.get_log("browser"), [], "the console is quiet")

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return self.driver.execute_script("return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)", selector)

    def column(self, number):
        return self.texts(f"#flow-table tbody td:nth-child({number})")

    def wait(self, condition):
        WebDriverWait(self.driver, 20, poll_frequency=0.05).until(lambda _: condition())

    def search(self, words):
        box = self.find("#flow-search")
        box.clear()
        box.send_keys(words)

    def sort(self, heading):
        button = next(one for one in self.driver.find_elements(By.CSS_SELECTOR, "#flow-table th button") if one.text.strip(" \u25be\u25b4") == heading)
        button.click()

    def axis(self):
        return self.texts("#plot text.x:not(.date)")

    def screenshot(self, name, width, height, dark=False, whole=True):
        if SCREENSHOTS:
            prefer(self.driver, "dark" if dark else "light")
            self.driver.set_window_size(width, height)
            if whole:
                height = min(4000, self.driver.execute_script("return document.documentElement.scrollHeight"))
                self.driver.set_window_size(width, height)
            self.driver.save_screenshot(os.path.join(SCREENSHOTS, name + ".png"))

    def test_its_icon_is_a_picture(self):
        width = self.driver.execute_async_script("""
            const [done] = arguments;
            const icon = new Image();
            icon.onload = () => done(icon.naturalWidth);
            icon.onerror = () => done('error');
            icon.src = document.querySelector('link[rel=icon]').href;""")
        self.assertGreater(width, 0)

    # What it must not do.

    def test_nothing_but_the_page_is_requested(self):
        self.find("#plot").click()
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        self.assertEqual(set(urls), {self.url})

    def test_the_policy_stops_requests_and_scripts_that_get_in(self):
        stopped = self.driver.execute_async_script("""
            const done = arguments[0];
            const stopped = [];
            document.addEventListener('securitypolicyviolation', (event) => {
              stopped.push(event.effectiveDirective);
              if (stopped.length === 4) done(stopped.sort());
            });
            try { document.body.innerHTML += '<b>x</b>'; } catch (error) { }
            const image = document.createElement('img');
            image.src = 'http://127.0.0.1:9/x.png';
            const script = document.createElement('script');
            script.append('window.got_in = true');
            document.body.append(image);
            try { document.body.append(script); } catch (error) { }
            fetch('http://127.0.0.1:9/').catch(() => {});
        """)
        self.assertEqual(len(stopped), 4, stopped)
        self.assertTrue({"connect-src", "img-src", "require-trusted-types-for"} <= set(stopped), stopped)
        self.assertIsNone(self.driver.execute_script("return window.got_in"))
        self.assertNotEqual(self.driver.get_log("browser"), [])  # it says so

    def test_hostile_names_are_text(self):
        from selenium.webdriver.support import expected_conditions
        self.assertFalse(expected_conditions.alert_is_present()(self.driver))
        self.assertIn(HOSTILE, " ".join(self.texts("#process-table .name")))
        self.assertIn(HOSTILE, " ".join(self.texts("#legend .name")))
        self.assertIn("<img src=x onerror=alert(5)>.example", self.texts("#name-table .name"))
        self.assertIn("<img src=x onerror=alert(6)>.example", self.texts("#question-table .name"))
        self.assertEqual(self.find("h1").text, "b>.pcapng")
        self.assertIn("<script>alert(4)</script>", self.find(".problem").text)
        self.assertEqual(len(self.driver.find_elements(By.CSS_SELECTOR, "script")), 2)
        self.assertEqual(self.driver.find_elements(By.CSS_SELECTOR, "img, h1 b"), [])

    def test_no_control_or_bidi_mark_is_shown(self):
        text = self.driver.execute_script("return document.body.textContent")
        shown = "".join(self.texts("main, dialog"))
        self.assertIn("evil%E2%80%AEgnp.exe", shown)
        self.assertEqual([one for one in "\u202e\u2028\u2029\x1b" if one in text], [])

    # The plot.

    def test_dragging_zooms_and_a_double_click_resets(self):
        before = self.axis()
        plot = self.find("#plot svg")
        ActionChains(self.driver).move_to_element_with_offset(plot, -100, 0).click_and_hold().move_by_offset(80, 0).move_by_offset(120, 10).release().perform()
        self.wait(lambda: self.axis() != before)
        self.assertTrue(self.find("#reset").is_displayed())
        # The conversations are those of that time.
        self.wait(lambda: not self.find("#flow-count").text.startswith("400 of"))
        self.screenshot("zoomed", 1280, 1000, whole=False)
        ActionChains(self.driver).double_click(self.find("#plot svg")).perform()
        self.wait(lambda: self.axis() == before)
        self.assertFalse(self.find("#reset").is_displayed())
        self.wait(lambda: self.find("#flow-count").text.startswith("400 of"))

    def test_the_wheel_zooms_to_where_it_points(self):
        window = lambda: self.driver.execute_script("return [plot.from, plot.to]")
        all_of_it = window()
        wheel = lambda amount: self.driver.execute_script("""
            const box = document.querySelector('#plot').getBoundingClientRect();
            document.querySelector('#plot').dispatchEvent(new WheelEvent('wheel',
                {deltaY: arguments[0], clientX: box.left + box.width / 2, clientY: box.top + 90, bubbles: true, cancelable: true}));""", amount)
        for _ in range(5):
            wheel(-120)
        near = window()
        self.assertLess(near[1] - near[0], (all_of_it[1] - all_of_it[0]) / 2)
        middle = (all_of_it[0] + all_of_it[1]) / 2
        self.assertTrue(near[0] < middle < near[1])
        for _ in range(9):
            wheel(120)
        self.assertEqual(window(), all_of_it)

    def test_keys_zoom_move_and_read_values(self):
        plot = self.find("#plot")
        before = self.axis()
        self.driver.execute_script("arguments[0].focus()", plot)
        plot.send_keys("+")
        plot.send_keys("+")
        zoomed = self.axis()
        self.assertNotEqual(zoomed, before)
        plot.send_keys(Keys.SHIFT, Keys.ARROW_RIGHT)
        self.assertNotEqual(self.axis(), zoomed)
        plot.send_keys("0")
        self.assertEqual(self.axis(), before)
        plot.send_keys(Keys.ARROW_RIGHT)
        plot.send_keys(Keys.ARROW_RIGHT)
        self.assertTrue(self.find("#plot .tip").is_displayed())
        self.assertRegex(self.find("#plot-said").get_attribute("textContent"), r"\d\d:\d\d:\d\d.*B/s")
        plot.send_keys(Keys.ESCAPE)
        self.assertFalse(self.find("#plot .tip").is_displayed())

    def test_axes_have_units(self):
        self.assertTrue(all(one == "0" or one.endswith("B/s") for one in self.texts("#plot text.y")))
        self.assertRegex(self.axis()[0], r"^\d\d:\d\d:\d\d$")
        self.assertEqual(self.texts("#plot text.date"), ["2025-11-20 UTC"])

    # Events and processes over time.

    def seconds_of(self, label):
        hours, minutes, seconds = label.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)

    def x_at(self, seconds):
        """Where a time of the day stands, by two labels of the axis."""
        ticks = self.driver.execute_script("""return [...document.querySelectorAll('#plot line.tick')].map((tick, i) =>
            [document.querySelectorAll('#plot text.x:not(.date)')[i].textContent, Number(tick.getAttribute('x1'))])""")
        (first, x1), (last, x2) = ticks[0], ticks[-1]
        first, last = self.seconds_of(first), self.seconds_of(last)
        return x1 + (seconds - first) / (last - first) * (x2 - x1)

    def marks(self, kind):
        """The left and right ends of the marks of a kind, without the width that each has at least."""
        return self.driver.execute_script("""return [...document.querySelectorAll(`#plot .mark[data-kind=${arguments[0]}]`)].map((mark) =>
            [Number(mark.getAttribute('x')) + kMarkWidth / 2, Number(mark.getAttribute('x')) + Number(mark.getAttribute('width')) - kMarkWidth / 2])""", kind)

    def hover(self, kind, index=0):
        mark = self.driver.find_elements(By.CSS_SELECTOR, f"#plot .mark[data-kind={kind}]")[index]
        ActionChains(self.driver).move_to_element(mark).perform()
        self.wait(lambda: self.find("#plot .tip").is_displayed())
        return self.find("#plot .tip").text

    START = 15 * 3600 + 0.123456  # of the made-up capture

    def test_marks_of_events_stand_at_their_times(self):
        expected = {"failure": [60, 61, 62], "drop": [5], "start": [30], "end": [90, 300], "other": [63]}
        def check():
            for kind, times in expected.items():
                shown = [time for time in times if self.driver.execute_script("return plot.from <= arguments[0] && arguments[0] <= plot.to", time * 1e6)]
                places = [self.x_at(self.START + time) for time in shown]
                found = [place for left, right in self.marks(kind) for place in (left, right)]
                for place in places:
                    self.assertTrue(any(abs(place - one) < 1 for one in found), (kind, place, found))
        check()
        self.assertEqual([len(self.marks(kind)) for kind in ("drop", "start", "end")], [1, 1, 2])
        self.driver.execute_script("setWindow(59e6, 66e6)")
        check()
        self.assertEqual([len(self.marks(kind)) for kind in expected], [3, 0, 0, 0, 1])
        self.driver.execute_script("setWindow(61.9999e6, 62.0001e6)")
        self.assertEqual(self.texts("#plot .kind"), ["failed", "drops", "starts", "ends", "others"])
        self.assertEqual(len(self.marks("failure")), 1)
        self.assertAlmostEqual(self.marks("failure")[0][0], self.x_at(self.START + 62), delta=1)

    def test_a_mark_tells_time_process_and_fields(self):
        self.driver.execute_script("setWindow(59e6, 66e6)")
        self.assertEqual(self.hover("failure").split("\n"), ["Failed calls: 1", "15:01:00.123456 socket:connect .x 1207",
                                                             "errno=ECONNREFUSED remote=203.0.113.99:4444"])
        self.driver.execute_script("setWindow(85e6, 95e6)")
        self.assertEqual(self.hover("end").split("\n"), ["Processes that ended: 1", "15:01:30.123456 process:exit <img src=x onerror=alert(7)> 77",
                                                         'exit_code=0 signal=SIGKILL exe="</title><script>alert(8)</script>"'])
        self.assertEqual(self.driver.find_elements(By.CSS_SELECTOR, "#plot b, #plot img, #plot script"), [])

    def test_many_events_are_one_mark_with_their_number(self):
        self.assertIn("Other events: 5,001", self.find("#event-legend").text)
        self.driver.execute_script("setWindow(119e6, 121e6)")
        self.assertIn("Other events: 5,000", self.find("#event-legend").text)
        [(left, right)] = self.marks("other")
        self.assertAlmostEqual(left, self.x_at(self.START + 120), delta=1)
        self.assertAlmostEqual(right, self.x_at(self.START + 120.04999), delta=1)
        said = self.hover("other")
        self.assertIn("Other events: 5,000", said)
        self.assertIn("sched:<b>switch", said)
        self.assertRegex(said, r"and 4,99\d more$")

    def test_a_page_of_events_alone_has_them_at_their_times(self):
        self.driver.get(self.write_page(0))
        self.assertEqual(self.find("#span").text, "No packet has a time.")
        self.assertIn("Events\n5,008", self.find("#figures").text)
        self.assertEqual(self.texts("#plot text.y"), [""])
        self.assertEqual([len(self.marks(kind)) for kind in ("drop", "start", "end")], [1, 1, 2])
        self.assertAlmostEqual(self.marks("start")[0][0], self.x_at(self.START + 30), delta=1)
        self.assertAlmostEqual(self.marks("end")[1][0], self.x_at(self.START + 300), delta=1)
        self.assertIn("curl 1200, exit code 7", self.texts("#lives .life text"))
        before = self.axis()
        self.find("#plot").send_keys("+")
        self.assertNotEqual(self.axis(), before)
        self.find("#plot").send_keys(Keys.ARROW_RIGHT)
        self.assertFalse(self.find("#plot .tip").is_displayed())  # no bar of traffic
        self.assertEqual(self.hover("end").split("\n")[0], "Processes that ended: 1")

    def test_a_bar_of_traffic_counts_its_events(self):
        self.driver.execute_script("showTip(binAt(5e6))")
        self.assertIn("Dropped packets\n1", self.find("#plot .tip").text)
        self.driver.execute_script("showTip(binAt(200e6))")
        self.assertNotIn("Dropped packets", self.find("#plot .tip").text)

    def test_processes_have_bars_from_their_beginning_to_their_end(self):
        box = lambda name, part: self.driver.execute_script("""
            const row = [...document.querySelectorAll('#lives .life')].find((one) => one.querySelector('text').textContent.startsWith(arguments[0]));
            const found = row.querySelector(arguments[1]);
            return found && [Number(found.getAttribute('x')), Number(found.getAttribute('x')) + Number(found.getAttribute('width'))];""", name, part)
        while self.find("#life-more").is_displayed():
            self.find("#life-more").click()
        names = self.texts("#lives .life text")
        self.assertIn("<img src=x onerror=alert(7)> 77, ended by SIGKILL", names)
        self.assertIn("curl 1200, exit code 7", names)
        self.assertEqual(self.texts("#lives tspan.bad"), [", exit code 7", ", ended by SIGKILL"])
        left, right = box("<img", ".bar")
        self.assertAlmostEqual(left, self.x_at(self.START + 30), delta=1)
        self.assertAlmostEqual(right, self.x_at(self.START + 90), delta=1)
        self.assertAlmostEqual(sum(box("<img", ".end")) / 2, right, delta=1)
        left, right = box("curl", ".bar")  # it began an hour before
        self.assertEqual(left, self.driver.execute_script("return kMargin.left"))
        self.assertAlmostEqual(right, self.x_at(self.START + 300), delta=1)
        self.assertIsNone(box("nginx", ".end"))  # no event says that it ended
        self.assertIsNotNone(box("nginx", ".faint"))
        self.assertIn("ended: 2025-11-20 15:01:30.123456", self.driver.execute_script("""
            return [...document.querySelectorAll('#lives title')].map((one) => one.textContent).find((one) => one.startsWith('<img'))"""))
        self.driver.execute_script("setWindow(400e6, 500e6)")
        self.assertFalse([name for name in self.texts("#lives .life text") if name.startswith(("<img", "curl"))])

    def usage_line(self, part, name):
        """Left and right of a process's line, and the heights at which it is level, from the top."""
        path = self.driver.execute_script("""
            const line = [...document.querySelectorAll(`#usage [data-part=${arguments[0]}] .line`)].find((one) => one.textContent.startsWith(arguments[1]));
            return line && line.getAttribute('d');""", part, name)
        level = re.findall(r"M([\d.]+) ([\d.]+)H([\d.]+)v", path)
        return float(level[0][0]), float(level[-1][2]), [float(y) for _, y, _ in level]

    def test_cpu_and_memory_stand_below_the_traffic_on_its_time(self):
        names = self.texts("#usage-list li")
        self.assertEqual(names, [".x120739 %, at most 51 % \u00b7 200 MB", "<img src=x onerror=alert(7)> 7738 %, at most 50 % \u00b7 3.00 MB"])
        left, right, heights = self.usage_line("CPU", ".x 1207")
        self.assertAlmostEqual(left, self.x_at(self.START + 59), delta=1)
        self.assertAlmostEqual(right, self.x_at(self.START + 119), delta=3)
        self.assertEqual(len(heights), 60)
        self.assertLess(heights[29], heights[30])  # less from the 31st second on
        self.assertEqual(len(set(heights)), 2)
        self.assertAlmostEqual(self.usage_line("Memory", "<img")[0], left, delta=1)
        self.driver.execute_script("setWindow(100e6, 110e6)")
        self.assertIn("26 %, at most 26 %", self.texts("#usage-list li")[0])
        self.driver.execute_script("setWindow(400e6, 500e6)")
        self.assertEqual(self.texts("#usage-list li"), [])

    def test_a_bar_of_a_process_leads_to_what_is_known_of_it(self):
        row = next(one for one in self.driver.find_elements(By.CSS_SELECTOR, "#lives .life") if one.text.startswith("curl 1200"))
        ActionChains(self.driver).move_to_element(row).click().perform()
        self.assertIn("2025-11-20 15:05:00.123456 UTC, exit code 7", self.find("#details").text)

    def test_the_tooltip_names_processes(self):
        self.driver.execute_script("arguments[0].scrollIntoView()", self.find("#traffic"))
        ActionChains(self.driver).move_to_element_with_offset(self.find("#plot svg"), -200, 0).perform()
        tip = self.find("#plot .tip")
        self.assertTrue(tip.is_displayed())
        self.assertRegex(tip.text, r"15:0\d:\d\d")
        self.assertIn("nginx", tip.text)
        self.screenshot("tooltip", 1280, 1000, whole=False)

    def test_the_legend_toggles_a_series(self):
        first = lambda: self.driver.execute_script("return document.querySelector('#plot path[data-series=\"0\"]').getAttribute('d')")
        self.assertNotEqual(first(), "")
        self.find("#legend button[data-key='0']").click()
        self.assertEqual(first(), "")
        self.assertEqual(self.find("#legend button[data-key='0']").get_attribute("aria-pressed"), "false")
        self.find("#legend button[data-key='0']").click()
        self.assertNotEqual(first(), "")

    def test_sent_and_received_are_shown_apart(self):
        area = lambda: self.texts("#plot text.y")[-1] + str(self.driver.execute_script("return plot.bins.reduce((sum, bin) => sum + bin.total, 0)"))
        both = area()
        self.find("#lane button[data-key=sent]").click()
        sent = area()
        self.assertNotEqual(sent, both)
        self.find("#lane button[data-key=received]").click()
        self.assertNotIn(area(), (both, sent))

    # The table of conversations.

    def test_search_takes_every_word_and_leaves_out_those_with_a_minus(self):
        self.search("curl udp")
        self.wait(lambda: set(self.column(2)) == {"UDP"})
        self.assertTrue(all("curl" in one for one in self.column(1)))
        self.search("-tcp")
        self.wait(lambda: set(self.column(2)) == {"UDP"} and len(set(self.column(1))) > 1)
        self.search("nothing-has-this")
        self.wait(lambda: "No conversation matches" in self.find("#flow-table").text)

    def test_a_search_for_markup_finds_it(self):
        self.search("<script>")
        self.wait(lambda: self.column(1) and all(HOSTILE in one for one in self.column(1)))

    def test_headings_sort_both_ways(self):
        durations = lambda: self.driver.execute_script("return flows.shown.map((flow) => flow[kFlow.duration])")
        self.sort("Duration")
        self.assertEqual(durations(), sorted(durations(), reverse=True))
        self.assertEqual(self.find("th[aria-sort=descending]").text.strip(" \u25be"), "Duration")
        self.sort("Duration")
        self.assertEqual(durations(), sorted(durations()))
        self.sort("Local")
        self.assertEqual(self.column(3), sorted(self.column(3)))
        self.sort("RTT")  # what has none comes last
        self.assertNotEqual(self.column(12)[0], "")
        self.sort("RTT")
        self.assertNotEqual(self.column(12)[0], "")

    def test_pages_have_all_conversations(self):
        seen = []
        while True:
            seen += self.column(3)
            following = self.find("#flow-pages button[aria-label='Next page']")
            if not following.is_enabled():
                break
            following.click()
        self.assertEqual(len(seen), 400)

    def test_an_address_leads_to_its_conversations(self):
        self.find("#talker-table button.link").click()
        address = self.find("#flow-search").get_attribute("value")
        self.assertTrue(all(address in one for one in self.column(4)) and self.column(4))

    # DNS questions and failed handshakes.

    def rows(self, table):
        return self.driver.execute_script("""return [...document.querySelectorAll(arguments[0] + ' tbody tr')]
            .map((row) => [...row.cells].map((cell) => cell.textContent))""", table)

    def head(self, table, heading):
        return next(one for one in self.driver.find_elements(By.CSS_SELECTOR, table + " th button") if one.text.strip(" \u25be\u25b4") == heading)

    def test_dns_questions_have_a_table_of_their_own(self):
        self.assertEqual([one.text for one in self.driver.find_elements(By.CSS_SELECTOR, "#question-table th")],
                         ["Question", "Type", "Process", "Server", "Asked", "Answered", "No such name", "Failed"])
        self.assertEqual(self.rows("#question-table"), [
            ["broken.example", "HTTPS", "dnsmasq520", "10.0.3.1", "1,234", "", "", "1"],
            ["updates.example.net", "AAAA", "curl1200", "10.0.3.1", "2", "1", "", ""],
            ["updates.example.net", "A", "curl1200", "10.0.3.1", "1", "1", "", ""],
            ["missing.example.net", "A", "curl1200", "10.0.3.1", "1", "", "1", ""],
            ["<img src=x onerror=alert(6)>.example", "TYPE65280", HOSTILE + "4000", "10.0.3.1", "1", "", "", "1"]])
        self.assertTrue(self.find("#question-table").is_displayed())
        self.assertEqual(self.find("#question-count").text, "5 of 5")
        self.assertNotIn("updates.example.net", self.texts("#name-table .name"))

    def test_failed_handshakes_have_a_table_of_their_own(self):
        self.assertEqual([one.text for one in self.driver.find_elements(By.CSS_SELECTOR, "#handshake-table th")],
                         ["Process", "Remote address", "Port", "Failure", "Conv.", "First", "Last"])
        self.assertEqual(self.rows("#handshake-table"), [
            [".x1207", "\u2192 203.0.113.99", "4444", "refused", "3", "15:01:00", "15:01:03"],
            [".x1207", "\u2192 203.0.113.98", "4444", "no answer", "1", "15:00:05", "15:00:06"],
            ["python3901", "\u2192 2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "25", "not completed", "1", "15:01:10", "15:01:11"],
            [HOSTILE + "4000", "\u2192 203.0.113.97", "22", "aborted", "1", "15:01:20", "15:01:21"]])
        self.assertTrue(self.find("#handshake-table").is_displayed())
        self.assertEqual(self.find("#handshake-count").text, "4 of 4")

    def test_events_have_tables_of_their_own(self):
        self.assertEqual([one.text for one in self.driver.find_elements(By.CSS_SELECTOR, "#failure-table th")],
                         ["Process", "Call", "Address", "Error", "Events", "First", "Last"])
        self.assertEqual(self.rows("#failure-table"), [
            [".x1207", "connect", "203.0.113.99:4444", "ECONNREFUSED", "2", "15:01:00", "15:01:02"],
            ["<img src=x onerror=alert(7)> 77", "connect", "203.0.113.99:4444", "ETIMEDOUT", "1", "15:01:01", "15:01:01"]])
        self.assertEqual(self.rows("#drop-table"), [
            ["no process", "NETFILTER_DROP", "nft_do_chain", "eth0", "1", "15:00:05", "15:00:05"]])
        self.assertTrue(self.find("#failures").is_displayed())
        self.assertTrue(self.find("nav a[href='#drops']").is_displayed())
        self.find("#failure-search").send_keys("etimedout 77")
        self.assertEqual(self.find("#failure-count").text, "1 of 2")

    def test_both_are_searched_and_sorted(self):
        self.find("#question-search").send_keys("curl -AAAA")
        self.assertEqual([row[0] for row in self.rows("#question-table")], ["updates.example.net", "missing.example.net"])
        self.head("#question-table", "Question").click()
        self.assertEqual([row[0] for row in self.rows("#question-table")], ["missing.example.net", "updates.example.net"])
        self.find("#question-search").send_keys(" nothing-has-this")
        self.assertEqual(self.rows("#question-table"), [["Nothing matches."]])
        self.head("#handshake-table", "First").click()
        self.assertEqual([row[1][-2:] for row in self.rows("#handshake-table")], ["98", "99", "ff", "97"])
        self.head("#handshake-table", "First").click()
        self.assertEqual([row[1][-2:] for row in self.rows("#handshake-table")], ["97", "ff", "99", "98"])
        self.find("#handshake-search").send_keys("203.0.113.99:4444 refused")
        self.assertEqual(self.find("#handshake-count").text, "1 of 4")

    def test_a_question_and_a_failure_lead_to_their_conversations(self):
        self.find("#question-table button.link:not(.process)").click()
        self.assertEqual(self.find("#flow-search").get_attribute("value"), "broken.example")
        self.assertEqual(len(self.column(1)), 1)
        self.find("#handshake-table button.link:not(.process)").click()
        self.assertEqual(self.find("#flow-search").get_attribute("value"), "203.0.113.99:4444")
        self.assertEqual(self.column(4), ["\u2192 203.0.113.99:4444"] * 3)

    # Processes.

    def test_a_process_tells_all_that_is_known(self):
        link = next(one for one in self.driver.find_elements(By.CSS_SELECTOR, "#process-table button.process") if one.text.startswith(".x"))
        link.click()
        text = self.find("#details").text
        for part in ("/tmp/.x/agent (deleted)", "/tmp/.x/agent --beacon 60", "alice", "bash", "program deleted", "at a socket"):
            self.assertIn(part, text)
        self.screenshot("details", 1280, 1000, whole=False)
        next(one for one in self.driver.find_elements(By.CSS_SELECTOR, "#details button") if one.text == "Show its conversations").click()
        self.assertFalse(self.find("#details").is_displayed())
        self.assertTrue(self.column(1) and all(".x" in one for one in self.column(1)))
        self.find("#flow-filter button").click()
        self.assertTrue(self.find("#flow-count").text.startswith("400 of"))

    def test_a_container_goes_by_its_name(self):
        row = next(one for one in self.driver.find_elements(By.CSS_SELECTOR, "#process-table tbody tr") if "python3" in one.text)
        self.assertIn("cart", [cell.text for cell in row.find_elements(By.TAG_NAME, "td")])
        row.find_element(By.CSS_SELECTOR, "button.process").click()
        text = self.find("#details").text
        for part in ("3f2a9c0d1e4b", "cart", "registry.example.org/store/cart:2.4", "shop-7d4b9c-x2x7p", "store"):
            self.assertIn(part, text)

    def test_escape_closes_the_details(self):
        self.find("#process-table button.process").send_keys(Keys.ENTER)
        self.assertTrue(self.find("#details").is_displayed())
        ActionChains(self.driver).send_keys(Keys.ESCAPE).perform()
        self.assertFalse(self.find("#details").is_displayed())

    def test_the_tree_has_children_below_their_parents(self):
        rows = self.texts("#process-table tbody td:first-child")
        place = lambda name: next(i for i, row in enumerate(rows) if name in row)
        self.assertLess(place("systemd1"), place("nginx640"))
        self.assertLess(place("nginx640"), place("nginx641"))
        self.assertLess(place("bash815"), place("curl1200"))
        self.assertEqual(place("containerd-shim900") + 1, place("python3901"))
        self.find("#process-table .toggle[aria-expanded=true]").click()
        self.assertLess(len(self.texts("#process-table tbody tr")), len(rows) - 10)

    def test_processes_are_searched_with_their_ancestors(self):
        self.find("#process-search").send_keys("--beacon")
        self.assertEqual([row.split("from")[0] for row in self.texts("#process-table tbody td:first-child")],
                         ["\u25besystemd1", "\u25besshd810", "\u25bebash815", ".x1207"])

    # Looks.

    def test_text_has_contrast_in_light_and_dark(self):
        backs = []
        for scheme in ("light", "dark"):
            prefer(self.driver, scheme)
            found = weakest_contrast(self.driver)
            self.assertGreaterEqual(found[0], 4.5, (scheme, found))  # WCAG 2.1, 1.4.3
            backs.append(self.driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
        self.assertNotEqual(*backs)

    def test_a_narrow_screen_needs_no_sideways_scrolling_of_the_page(self):
        for width in (390, 768, 1280, 1920):
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
            try:
                self.wait(lambda: self.driver.execute_script("return window.innerWidth") == width)
                self.wait(lambda: self.driver.execute_script("return document.documentElement.scrollWidth") <= width)
                if SCREENSHOTS and width == 390:
                    self.driver.save_screenshot(os.path.join(SCREENSHOTS, "narrow.png"))
            finally:
                self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.screenshot("light", 1280, 1000)
        self.screenshot("dark", 1280, 1000, dark=True)

    def test_long_addresses_dont_widen_the_table(self):
        table = lambda: self.driver.execute_script("return document.querySelector('#flow-table').getBoundingClientRect().width")
        for width in (800, 1280):
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
            try:
                self.wait(lambda: self.driver.execute_script("return window.innerWidth") == width)
                self.driver.execute_script("showFlows()")
                before = table()
                self.driver.execute_script("""
                    const long = [...flows.shown[0]];
                    long[kFlow.localAddress] = '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff';
                    long[kFlow.remoteAddress] = '2001:db8:1111:2222:3333:4444:5555:6666';
                    flows.shown = [long, ...flows.shown.slice(1)];
                    showFlowPage();""")
                self.assertIn("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", self.column(3)[0])
                self.assertLessEqual(table(), before)
                self.assertLessEqual(self.driver.execute_script("return document.documentElement.scrollWidth"), width)
            finally:
                self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def test_times_are_shown_in_either_zone(self):
        self.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kolkata"})
        try:
            self.assertIn("15:00:00.123456 to", self.find("#span").text)
            self.find("#zone button[data-key=local]").click()
            self.assertIn("20:30:00.123456 to", self.find("#span").text)
        finally:
            self.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})

    def test_a_hundred_thousand_conversations_are_searched_and_sorted(self):
        self.driver.get(self.write_page(100000))
        self.wait(lambda: self.texts("#flow-count")[0].startswith("100,000 of"))
        self.assertEqual(len(self.column(1)), 100)
        self.sort("Duration")
        self.search("curl host10")
        self.wait(lambda: self.column(1) and all("curl" in one for one in self.column(1)) and
                  all("host10." in one for one in self.column(5)))


if __name__ == "__main__":
    MADE_UP_PAGE = os.path.abspath(sys.argv[1])
    SCREENSHOTS = sys.argv[2] if len(sys.argv) > 2 else None
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
