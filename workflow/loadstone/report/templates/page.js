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
    axis: {
      labelColor: colour("--faint"), titleColor: colour("--faint"), gridColor: colour("--line"), domainColor: colour("--line"),
      tickColor: colour("--line"), labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal",
    },
    legend: { labelColor: colour("--ink"), titleColor: colour("--faint"), orient: "top", labelFontSize: 12, symbolStrokeWidth: 2 },
  });

  // two colours are too dim on a dark ground
  const lit = (text) => dark.matches ? text.replaceAll("#0072B2", "#4BA3E3").replaceAll("#7A7A7A", "#A6A6A6") : text;
  const embed = async (name, plain) => {
    const specification = JSON.parse(lit(JSON.stringify(plain)));
    const narrow = window.innerWidth < 560;
    const { config: _, datasets, ...rest } = specification;
    const config = theme();
    config.axisY = narrow ? { labelLimit: 130, labelFontSize: 10 } : { labelLimit: 260 };
    if (narrow) {
      config.axisX = { titleAnchor: "end" };
      config.legend.columns = 1;
    }
    rest.datasets = Object.fromEntries(datasets.map((key) => [key, rows(key)]));
    const drawn = await window.vegaEmbed(`#chart-${CSS.escape(name)}`, rest, {
      config, renderer: "svg", downloadFileName: `loadstone-${name}`,
      actions: { export: true, source: false, compiled: false, editor: false },
    });
    views[name] = drawn.view;
  };
  const draw = async () => {
    for (const swatch of document.querySelectorAll(".swatch")) swatch.style.background = lit(swatch.dataset.colour);
    for (const [name, specification] of Object.entries(specifications)) {
      try {
        await embed(name, specification);
      } catch (error) {  // the others are still worth drawing
        document.getElementById(`chart-${name}`).textContent = `This chart can't be drawn: ${error.message}`;
      }
    }
    await pick();
    document.documentElement.dataset.charts = "drawn";
  };

  // a link to a card, or into one, opens it
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (target) target.scrollIntoView();
  };

  document.getElementById("picks")?.addEventListener("change", pick);
  window.addEventListener("hashchange", open);
  dark.addEventListener("change", draw);
  draw().then(() => { if (location.hash) open(); });
})();
