"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const specifications = read("specifications");
  const stored = read("datasets");
  const views = {};

  // a dataset is kept by columns; a column whose values recur is a list of them and of which stands where
  const column = (kept) => Array.isArray(kept) ? kept : kept.at.map((place) => kept.of[place]);
  const rows = (name) => {
    const columns = Object.entries(stored[name]).map(([key, kept]) => [key, column(kept)]);
    const count = columns.length ? columns[0][1].length : 0;
    return Array.from({ length: count }, (_, n) => Object.fromEntries(columns.map(([key, values]) => [key, values[n]])));
  };
  const picked = () => [...document.querySelectorAll("#picks input:checked")].map((box) => box.value);
  const pick = () => Promise.all(Object.entries(views).map(([name, view]) =>
    (specifications[name].params || []).some((parameter) => parameter.name === "picked")
      ? view.signal("picked", picked()).runAsync() : null));
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const theme = () => ({
    background: null,
    font: "system-ui, sans-serif",
    view: { stroke: null },
    title: { color: colour("--ink"), fontSize: 14, anchor: "start" },
    text: { color: colour("--faint") },
    axis: {
      labelColor: colour("--faint"), titleColor: colour("--faint"), gridColor: colour("--line"), domainColor: colour("--line"),
      tickColor: colour("--line"), labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal",
    },
    legend: { labelColor: colour("--ink"), titleColor: colour("--faint"), orient: "top", labelFontSize: 12, symbolStrokeWidth: 2 },
  });

  // two colours are too dim on a dark ground
  const lit = (text) => dark.matches ? text.replaceAll("#0072B2", "#4BA3E3").replaceAll("#7A7A7A", "#A6A6A6") : text;
  const embed = async (name, place, of) => {
    const narrow = window.innerWidth < 560;
    // a legend has as many columns as there is room for, and no label beyond the chart
    const columns = Math.max(1, Math.floor(place.clientWidth / 240));
    const limit = place.clientWidth - 70;
    const legend = (value) => ({ ...value, columns: Math.min(value.columns ?? columns, columns), labelLimit: Math.min(value.labelLimit ?? 280, limit) });
    const fitted = (key, value) => key === "legend" && value ? legend(value) : value;
    const { config: _, datasets, ...rest } = JSON.parse(lit(JSON.stringify(specifications[name])), fitted);
    const config = theme();
    config.axisY = narrow ? { labelLimit: 130, labelFontSize: 10 } : { labelLimit: 260 };
    Object.assign(config.legend, { columns, labelLimit: limit });
    if (narrow) {
      config.axisX = { titleAnchor: "end" };
      // below the chart, up to its right edge: from its axis on there may be too little room
      Object.assign(config.legend, { orient: "bottom", layout: { bottom: { anchor: "end", direction: "vertical" } } });
    }
    rest.datasets = Object.fromEntries(datasets.map((key) => [key, rows(key)]));
    if (of !== undefined) {  // the charts of one experiment show that experiment
      for (const [key, all] of Object.entries(rest.datasets)) rest.datasets[key] = all.filter((row) => row.experiment === of);
      const endpoints = [...new Set(Object.values(rest.datasets).flat().map((row) => row.endpoint))];
      for (const parameter of rest.params) parameter.value = { of, endpoints }[parameter.name];
    }
    try {
      // by an interpreter of expressions: the page's policy lets no text become code
      const drawn = await window.vegaEmbed(place, rest, {
        ast: true, config, renderer: "svg", downloadFileName: `loadstone-${name}`,
        actions: { export: true, source: false, compiled: false, editor: false },
      });
      place.querySelector("summary")?.setAttribute("aria-label", "Save this chart as SVG or PNG");
      place.view = drawn.view;
      if (of === undefined) views[name] = drawn.view;
    } catch (error) {  // the others are still worth drawing
      place.textContent = `This chart cannot be drawn: ${error.message}`;
    }
  };
  const shown = (place) => !place.closest("details:not([open]) > :not(summary)");
  const places = () => [...document.querySelectorAll(".chart")];
  let drawing = Promise.resolve();
  // charts are drawn once they can be seen, one after the other: a closed section has no width to draw for
  const draw = () => {
    document.documentElement.dataset.charts = "drawing";
    const mine = drawing = drawing.then(async () => {
      for (const swatch of document.querySelectorAll(".swatch")) swatch.style.background = lit(swatch.dataset.colour);
      for (const place of places()) {
        if (place.dataset.drawn || !shown(place)) continue;
        place.dataset.drawn = "yes";
        await embed(place.dataset.chart ?? place.id.replace("chart-", ""), place, place.dataset.of);
      }
      await pick();
    }).then(() => { if (mine === drawing) document.documentElement.dataset.charts = "drawn"; });
    return mine;
  };

  // a link to a closed part, or into one, opens it
  const follow = async () => {
    const plain = (code) => String.fromCharCode(parseInt(code.slice(1), 16));  // names are ASCII
    const target = document.getElementById(location.hash.slice(1).replace(/%[0-9a-f]{2}/gi, plain));
    if (!target) return;
    const fold = target.querySelector(":scope > details.fold");
    for (let at = fold ?? target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
    await draw();
    target.scrollIntoView();
  };

  // what has to be scrolled sideways can be by keyboard too
  const reachable = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const scrolls = target.scrollWidth > target.clientWidth;
      if (scrolls) target.tabIndex = 0; else target.removeAttribute("tabindex");
    }
  });
  for (const wide of document.querySelectorAll(".wide, pre, nav div")) reachable.observe(wide);
  document.getElementById("picks")?.addEventListener("change", pick);
  document.addEventListener("toggle", (event) => { if (event.target.open) draw(); }, true);  // it does not bubble
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (link && link.getAttribute("href") === location.hash) follow();  // no change of the address, no event
  });
  window.addEventListener("hashchange", follow);
  for (const query of [dark, window.matchMedia("(max-width: 559px)"), window.matchMedia("(max-width: 1000px)")]) {
    query.addEventListener("change", () => {  // of colours, or of the room for legends
      for (const place of places()) delete place.dataset.drawn;
      draw();
    });
  }
  draw().then(() => { if (location.hash) follow(); });
})();
