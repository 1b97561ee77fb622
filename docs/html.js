// SPDX-License-Identifier: GPL-2.0-only
// The search of the pages that scripts/docs-html makes: each word has to be in a heading or term, or in its page's title.
"use strict";
{
    const root = document.currentScript.dataset.root;
    const field = document.querySelector("#search input"), list = document.querySelector("#search ul");

    const find = (text) => {
        const words = text.toLowerCase().split(/\s+/).filter(Boolean);
        const missing = (where) => words.filter((word) => !where.toLowerCase().includes(word)).length;
        // Entries that have all words themselves come first, and of these the shortest.
        return words.length === 0 ? [] : searchEntries.filter((one) => missing(`${one.title} ${one.text}`) === 0)
            .sort((one, other) => missing(one.text) - missing(other.text) || one.text.length - other.text.length).slice(0, 12);
    };

    const show = () => {
        list.replaceChildren(...find(field.value).map((one) => {
            const item = document.createElement("li"), link = document.createElement("a"), page = document.createElement("small");
            link.href = root + one.address;
            page.textContent = one.title;
            link.append(one.text, page);
            item.append(link);
            return item;
        }));
        if (field.value.trim() && !list.children.length) {
            list.append(Object.assign(document.createElement("li"), {textContent: "Nothing found"}));
        }
    };

    const clear = () => {
        field.value = "";
        show();
    };

    document.querySelector("#search").hidden = false;
    field.addEventListener("input", show);
    list.addEventListener("click", (event) => event.target.closest("a") && clear());
    document.addEventListener("keydown", (event) => {
        if (event.key === "/" && document.activeElement !== field) {
            event.preventDefault();
            field.focus();
        } else if (event.key === "Escape") {
            clear();
        } else if (event.key === "Enter" && document.activeElement === field) {
            list.querySelector("a")?.click();
        }
    });
    show();
}
