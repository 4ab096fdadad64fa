"use strict";
// Tables that sort, filter and fold, by their attributes: see table.html. Without scripts all their rows are there.
(() => {
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
  const make = (name, properties) => Object.assign(document.createElement(name), properties);

  // header cells that stand above one column → its number, whatever cells span
  const columns = (head) => {
    const taken = [...head.rows].map(() => []);
    const found = new Map();
    [...head.rows].forEach((row, y) => {
      for (const cell of row.cells) {
        let x = 0;
        while (taken[y][x]) x += 1;
        const below = taken.slice(y, y + cell.rowSpan);
        for (const line of below) for (let n = 0; n < cell.colSpan; n += 1) line[x + n] = true;
        if (cell.colSpan === 1 && y + cell.rowSpan === taken.length) found.set(cell, x);
      }
    });
    return found;
  };

  // a record is a row with the rows below that belong to it
  const records = (body) => [...body.rows].reduce((found, row) => {
    if (row.classList.contains("because") && found.length) found.at(-1).push(row); else found.push([row]);
    return found;
  }, []);

  // a cell's figure where it states one, otherwise its text; null for what is not known
  const value = ([row], x) => {
    const cell = row.cells[x];
    const stated = cell?.dataset.value;
    if (stated !== undefined) return stated === "" || Number.isNaN(Number(stated)) ? null : Number(stated);
    const text = cell?.textContent.trim() ?? "";
    return text === "" || text === "–" ? null : text;
  };
  const between = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : compare(String(a), String(b));

  const enhance = (table) => {
    const body = table.tBodies[0];
    const { filter, first, rows = "rows" } = table.dataset;
    const place = table.closest(".wide") ?? table;
    const all = records(body);
    const box = filter === undefined ? null : make("input", { type: "search", autocomplete: "off", spellcheck: false });
    const status = make("span", { role: "status" });
    const fold = Number(first) < all.length ? make("button", { type: "button", className: "fold" }) : null;
    let whole = fold === null;

    const show = () => {
      const words = box ? box.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
      let count = 0;
      for (const record of all) {
        const text = record.map((row) => row.textContent).join(" ").toLowerCase();
        const matches = words.every((word) => text.includes(word));
        const shown = matches && (whole || words.length > 0 || count < Number(first));
        count += Number(matches);
        for (const row of record) row.hidden = !shown;
      }
      status.textContent = words.length ? `${count} of ${all.length} ${rows}` : "";
      if (fold) {
        fold.hidden = words.length > 0;
        fold.textContent = whole ? `Show the first ${first}` : `Show all ${all.length} ${rows}`;
        fold.setAttribute("aria-expanded", String(whole));
      }
    };

    const heads = "sortable" in table.dataset ? columns(table.tHead) : new Map();
    const sort = (head) => {
      const x = heads.get(head);
      const figures = all.some((record) => typeof value(record, x) === "number");
      const before = head.getAttribute("aria-sort");
      const down = before === null ? figures : before === "ascending";  // the largest figure first, names from A
      for (const other of heads.keys()) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = all.map((record) => [value(record, x), record]);
      keyed.sort(([a], [b]) => {
        if (a === null || b === null) return Number(a === null) - Number(b === null);  // unknown last, both ways
        return down ? between(b, a) : between(a, b);
      });
      all.splice(0, all.length, ...keyed.map(([, record]) => record));
      body.append(...all.flat());
      show();
    };
    for (const head of heads.keys()) {
      if ("unsorted" in head.dataset || !head.textContent.trim()) continue;
      const button = make("button", { type: "button", className: "sort" });
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(head));
      head.append(button);
    }
    if (box) {
      const label = make("label", {});
      label.append(`${filter} `, box);
      const tools = make("div", { className: "table-tools" });
      tools.append(label, " ", status);
      place.before(tools);
      box.addEventListener("input", show);
    }
    if (fold) {
      place.after(fold);
      fold.addEventListener("click", () => { whole = !whole; show(); });
    }
    show();
  };
  for (const table of document.querySelectorAll("table[data-sortable], table[data-filter], table[data-first]")) enhance(table);
})();
