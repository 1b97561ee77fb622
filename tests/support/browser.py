# SPDX-License-Identifier: GPL-2.0-only
"""Headless Chromium for tests (scripts/packages browser)."""
from selenium import webdriver
from selenium.webdriver.chrome.service import Service


def browser(profile, width=1280, height=1000):
    options = webdriver.ChromeOptions()
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
                     "--hide-scrollbars", "--force-device-scale-factor=1", f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


def prefer(driver, scheme):
    """The page is shown to somebody who prefers the scheme "light" or "dark"."""
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


def weakest_contrast(driver):
    """Of all text of the page, that with the least contrast (WCAG 2.1): the ratio, its element's class, and how it begins."""
    return driver.execute_script("""
        const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
        const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
        const back = (element) => {
          for (; element; element = element.parentElement) {
            const color = numbers(getComputedStyle(element).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
          }
          return [255, 255, 255];
        };
        const found = [];
        for (const element of document.querySelectorAll('header *, main *, nav *, footer *')) {
          const direct = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
          if (!direct || !element.getClientRects().length || element.disabled) continue;
          const style = getComputedStyle(element);
          const text = numbers(element instanceof SVGElement ? style.fill : style.color);
          const [a, b] = [luminance(text), luminance(back(element instanceof SVGElement ? element.ownerSVGElement.parentElement : element))];
          found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), element.className.baseVal || element.className, element.textContent.slice(0, 30)]);
        }
        return found.sort((a, b) => a[0] - b[0])[0];""")
